"""Words that every room shares: errors, time, identity, schema.

Knows no vendor, no table, no file, no Dagster.
"""
