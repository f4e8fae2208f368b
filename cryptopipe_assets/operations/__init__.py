"""What is due, expensive, late or blocked, and what is to be done.

Computes answers for `cli`, which shows them. No Dagster.
"""
