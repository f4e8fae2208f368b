"""When each tier and table is collected: rounds and the next one. Starts nothing."""
