"""From minutes to hours: bars, funding and the hourly panel. No factor."""
