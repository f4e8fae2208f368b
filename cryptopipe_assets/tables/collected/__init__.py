"""Contracts of what is collected from vendors."""
