"""The warehouse on disk: days as Parquet, revisions, checks of what is there.

Sends no request and computes no feature.
"""
