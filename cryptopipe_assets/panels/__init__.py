"""What research and strategies read: daily and hourly inputs joined as of what was known.

Writes nothing.
"""
