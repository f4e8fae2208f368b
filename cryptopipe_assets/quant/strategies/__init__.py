"""From a panel to scores and positions, one file a strategy. Loads nothing, keeps nothing."""
