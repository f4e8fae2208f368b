"""Rows as a table for a person: what a vendor names could be any text."""

import polars as pl

from cryptopipe_assets.core.preview import MOST_CHARACTERS, markdown


def test_a_cell_breaks_no_table_whatever_it_says():
    said = markdown(pl.DataFrame({"name": ["a|b\n| c", "x" * 1000, None]}))
    *_, first, long, blank = said.split("\n")
    assert first == r"| a\|b \| c |"
    assert len(long) == MOST_CHARACTERS + len("| ... |")
    assert blank == "|  |"
