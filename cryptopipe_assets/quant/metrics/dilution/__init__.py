"""Supply, its growth and what is still to come. No ranking into positions."""
