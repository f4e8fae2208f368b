"""Coinalyze: aggregated futures data of all large venues."""
