"""OKX: open interest of perpetual swaps."""
