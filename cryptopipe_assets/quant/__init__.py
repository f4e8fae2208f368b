"""The finance: Polars and arithmetic.

No Dagster, no network, no disk, no clock, no configuration.
"""
