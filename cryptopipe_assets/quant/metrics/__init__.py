"""Leverage, dilution and open interest of coins, day by day. No ranking into positions."""
