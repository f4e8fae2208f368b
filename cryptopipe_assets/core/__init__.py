"""Words that every room shares: errors, time, identity, schema.

Knows no vendor, no table, no file of the warehouse, no Dagster.
"""
