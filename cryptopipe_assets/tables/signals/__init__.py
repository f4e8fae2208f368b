"""Contracts of positions and scores of strategies. No price."""
