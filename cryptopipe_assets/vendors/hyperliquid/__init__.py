"""Hyperliquid: open interest of perpetual contracts, all in one response."""
