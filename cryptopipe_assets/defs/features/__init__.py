"""Tables that follow from the collected ones. Asks no vendor; the arithmetic is in `quant`."""
