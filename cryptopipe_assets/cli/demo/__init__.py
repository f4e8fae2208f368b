"""cryptopipe demo: fills every table from the stand-in and shows the answers. Asks no vendor."""
