"""From a panel to scores and positions, one file a strategy. Loads nothing, keeps nothing."""

NAMES = (
    "leverage_inverted",
    "dilution",
    "ema_crossover",
)
"""The strategies that we run, each in the file of its name."""
