"""What vendors answered, kept content-addressed and replayed bit by bit. Parses nothing."""
