"""What each table promises: columns, units, key, service level.

One contract a file; no Dagster, and nothing that fills a table.
"""
