"""Contracts of what we know about the tables themselves. No market data."""
