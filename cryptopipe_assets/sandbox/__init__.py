"""The stand-in: a real server on loopback that speaks as each vendor does.

Imports nothing of the vendors' clients: it is the other side of the wire.
"""
