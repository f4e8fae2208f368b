"""Supply, its growth and what is still to come."""
