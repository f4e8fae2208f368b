"""HTTP in, normalised frames out: one client per vendor, and the base they share.

A vendor's spelling, units and quirks end here. Nothing in this package reads the environment,
writes the warehouse or knows Dagster; addresses, keys and budgets come as plain values.
"""
