"""A stand-in for the vendors: real HTTP on loopback, in the vendors' own formats.

The other side of the wire, so nothing here knows how cryptopipe collects.
"""
