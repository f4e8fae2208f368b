"""Contracts of what is computed from collected tables. Nothing that a vendor sends."""
