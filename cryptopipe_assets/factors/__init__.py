"""The finance: Polars expressions over frames, without Dagster, network, disk or clock."""
