"""The responses of vendors, kept content-addressed and replayed bit by bit. Parses nothing."""
