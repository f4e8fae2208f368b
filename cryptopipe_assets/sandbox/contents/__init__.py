"""What a world must be able to tell the routes: contracts, coins, bars, positions.

No HTTP and no random number.
"""
