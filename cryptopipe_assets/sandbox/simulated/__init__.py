"""A seeded market: a pure function of seed and time. No HTTP."""
