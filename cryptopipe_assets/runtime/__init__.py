"""Puts the parts together for a profile and runs them in this process. Shows nothing."""
