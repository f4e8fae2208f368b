"""Open interest over market cap, its history and its score. No ranking into positions."""
