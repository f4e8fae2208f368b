"""How many calls the schedules make, and whether the vendors' limits allow them."""
