"""Collects the rows of a table from vendors. Knows no Dagster, no SQL, no strategy."""
