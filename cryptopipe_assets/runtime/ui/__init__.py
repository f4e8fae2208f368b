"""Dagster's web server, daemon and code servers as our own processes, behind a guard.

Decides who may see and drive the UI. Knows no table and no vendor, and changes nothing of the UI.
"""
