"""What may go wrong on the wire and in the rows. Used by tests only, never by a profile."""
