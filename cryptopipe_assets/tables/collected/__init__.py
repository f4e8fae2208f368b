"""Contracts of what vendors are asked for."""
