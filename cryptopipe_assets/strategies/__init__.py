"""The strategies: a panel of what was known in, scores and weights out. No memory, no clock."""
