"""The warehouse: Parquet files that are the truth, and a DuckDB catalog that can be deleted."""
