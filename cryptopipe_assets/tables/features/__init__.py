"""Contracts of what is computed from collected tables."""
