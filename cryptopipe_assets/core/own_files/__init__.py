"""Tables that people bring, of any accepted format and layout: read, checked, faults named.

One reader for every door that takes them: file, line and column of what is wrong are told at once.
Knows no vendor, no table of ours, no network, and repairs nothing.
"""
