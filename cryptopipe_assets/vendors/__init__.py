"""The real vendors: one folder each, `http` for the requests, `parsing` for shapes they share.

Knows no table, no warehouse, no cryptopipe.toml.
"""
