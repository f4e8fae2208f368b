"""What came of a request for missing minutes, who responded, and when it is nobody."""

import polars as pl
import pytest

from cryptopipe_assets.collect.gaps.refetched import (
    NOT_USABLE,
    Refetched,
    inside_gaps,
    raise_if_nobody_responded,
    said_by,
)
from cryptopipe_assets.core.errors import VendorRejected, VendorUnavailable
from cryptopipe_tests.reference.minutes_by_hand import at, rows, spans

SILENT, REFUSED = VendorUnavailable("binance", "no response"), VendorRejected("binance", "no")


def bars(*minutes: int, symbol: str = "A") -> pl.DataFrame:
    schema = {"symbol": pl.String, "ts": spans().schema["start"], "close": pl.Float64}
    return pl.DataFrame([(symbol, at(n), float(n)) for n in minutes], schema=schema, orient="row")


def test_a_gap_is_cut_where_rows_came_and_where_transports_responded():
    gaps = spans(("A", 0, 10))
    found = Refetched(
        rows=bars(2, 3),
        asked={"rest": spans(("A", 0, 8)), f"archive_day: {NOT_USABLE}": spans(("A", 5, 10))},
    )
    pieces = found.transports(gaps)  # each row is a minute of its own
    assert rows(pieces, "came", "asked") == [
        ("A", 0, 2, False, "rest"),
        ("A", 2, 3, True, "rest"),
        ("A", 3, 4, True, "rest"),
        ("A", 4, 5, False, "rest"),
        ("A", 5, 8, False, f"rest, archive_day: {NOT_USABLE}"),
        ("A", 8, 10, False, f"archive_day: {NOT_USABLE}"),
    ]
    assert rows(found.left(gaps)) == [("A", 0, 2), ("A", 4, 10)]


def test_rows_may_stand_for_longer_than_a_minute():
    found = Refetched(rows=bars(0), covered=spans(("A", 0, 6)))
    assert rows(found.left(spans(("A", 0, 10)))) == [("A", 6, 10)]


def test_the_vendor_is_down_if_every_contract_met_silence():
    left = spans(("A", 0, 10), ("B", 0, 10))
    with pytest.raises(VendorUnavailable, match="no response"):
        raise_if_nobody_responded({"A": SILENT, "B": SILENT}, left)


@pytest.mark.parametrize("failures", [{}, {"A": SILENT}, {"A": SILENT, "B": REFUSED}])
def test_it_is_not_if_one_of_them_met_something_else(failures):
    raise_if_nobody_responded(failures, spans(("A", 0, 10), ("B", 0, 10)))


def test_nothing_is_down_where_nothing_is_left():
    raise_if_nobody_responded({}, spans())


def test_silence_and_a_refusal_are_told_apart():
    assert (said_by(SILENT), said_by(REFUSED)) == ("no response", "not usable")


def test_of_what_came_only_missing_time_counts_and_each_minute_once():
    came = pl.concat([bars(0, 2, 3, 9, 2), bars(2, symbol="B")])
    found = inside_gaps(came, spans(("A", 2, 4), ("A", 8, 9)), columns=("symbol", "ts"))
    assert found.rows() == [("A", at(2)), ("A", at(3))]
