"""How many calls the schedules make, and whether the limits allow them. Asks no vendor."""
