"""The real vendors: one folder each, `http` to reach them, `parsing` for shapes they share.

Knows no table, no warehouse, no cryptopipe.toml.
"""
