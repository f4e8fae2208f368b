"""Arithmetic that knows no market: windows, sums, grids, ranks, as-of joins."""
