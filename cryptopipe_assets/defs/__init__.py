"""Dagster, and nothing else: one file a table, in the folder of its layer."""
