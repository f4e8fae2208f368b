"""HTTP as every vendor needs it: limits, retries, circuits, the ledger of calls.

Knows no vendor by name.
"""
