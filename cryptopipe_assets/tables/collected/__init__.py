"""Contracts of what is collected from vendors. No derived column."""
