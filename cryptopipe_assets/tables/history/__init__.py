"""Contracts of what is filled one symbol at a time. No table of days."""
