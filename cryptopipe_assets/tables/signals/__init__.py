"""Contracts of positions and scores of strategies."""
