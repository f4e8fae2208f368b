"""DuckDB's views over the Parquet files, and the macro `as_of`.

Holds no data of its own: deletable.
"""
