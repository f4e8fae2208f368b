"""Dagster, and nothing else: assets, checks, schedules, sensors.

What they compute lives in other rooms.
"""
