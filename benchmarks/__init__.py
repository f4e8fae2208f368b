"""Polars against pandas on the same input, the same machine, in the same run."""
