"""Snapshots of a warehouse and their way back. Deletes nothing."""
