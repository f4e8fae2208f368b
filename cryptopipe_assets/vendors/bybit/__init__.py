"""Bybit: open interest, funding and listed contracts of linear perpetuals."""
