"""From a checked frame to a published partition: gate, metadata, charts.

Knows no single table.
"""
