"""Tables that follow from the collected ones."""
