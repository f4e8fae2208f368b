"""Shapes that several vendors share: fields, validation, rows of perpetuals and coins.

Sends no request.
"""
