"""Schedules, sensors and conditions. Fills no table by itself."""
