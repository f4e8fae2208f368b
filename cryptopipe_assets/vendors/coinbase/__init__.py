"""Coinbase: daily spot prices in US dollars."""
