"""A contract's life, from the versions of the registry."""

from datetime import UTC, datetime

import polars as pl
import pytest

from cryptopipe_assets.core import contract_life
from cryptopipe_assets.core.contract_life import (
    INSTANT,
    halts_of,
    lives_of,
    named_by_life,
    of_the_later_life,
    under_one_name,
    versions_by_life,
)


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


Version = tuple[int, str, int | None, int | None]
"""Day on which it was seen, status, days of its listing and of its end."""

LIVES: dict[str, tuple[list[Version], list[tuple[int | None, int | None]]]] = {
    "it trades": ([(2, "TRADING", 1, None)], [(1, None)]),
    "nobody says since when": ([(2, "TRADING", None, None)], [(None, None)]),
    "announced to end": (
        [(2, "TRADING", 1, None), (5, "SETTLING", 1, 6), (9, "VANISHED", 1, 6)],
        [(1, 6)],
    ),
    "vanished without a word: it lived until it was missed, at the latest": (
        [(2, "TRADING", 1, None), (9, "VANISHED", 1, 8)],
        [(1, 9)],
    ),
    "the list lacked it for a while": (
        [(2, "TRADING", 1, None), (4, "VANISHED", 1, 3), (5, "TRADING", 1, None)],
        [(1, None)],
    ),
    "halted and trading again": (
        [(2, "TRADING", 1, None), (4, "BREAK", 1, None), (5, "TRADING", 1, None)],
        [(1, None)],
    ),
    "closed, and reopened under its name": (
        [(2, "TRADING", 1, None), (4, "SETTLING", 1, 5), (10, "TRADING", 9, None)],
        [(1, 5), (9, None)],
    ),
    "its ticker is of another coin later": (
        [(2, "TRADING", 1, None), (6, "VANISHED", 1, 5), (10, "TRADING", 9, 20)],
        [(1, 6), (9, 20)],
    ),
    "its listing date is corrected": (
        [(2, "TRADING", 3, None), (4, "TRADING", 1, None)],
        [(1, None)],
    ),
    "its end is put off": (
        [(2, "TRADING", 1, 5), (4, "TRADING", 1, 8)],
        [(1, 8)],
    ),
}


def stored(versions: list[Version]) -> pl.DataFrame:
    rows = [
        ("binance", "X-USDT-PERP", day(seen), status, *(each and day(each) for each in ends))
        for seen, status, *ends in versions
    ]
    schema = {
        "venue": pl.String,
        "symbol": pl.String,
        "ts": INSTANT,
        "status": pl.String,
        "listed_at": INSTANT,
        "delisted_at": INSTANT,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def days(*spans: tuple[int | None, int | None]) -> list[tuple[datetime | None, ...]]:
    return [tuple(each and day(each) for each in span) for span in spans]


@pytest.mark.parametrize(("versions", "lives"), LIVES.values(), ids=LIVES)
def test_it_is_listed_in_these_intervals(versions, lives):
    assert lives_of(stored(versions)).select("start", "end").rows() == days(*lives)


def test_lives_of_many_contracts_are_those_of_each_by_itself():
    each = [
        stored(versions).with_columns(symbol=pl.lit(f"{name}-USDT-PERP"))
        for name, (versions, _) in LIVES.items()
    ]
    together = pl.concat(each)
    alone = pl.concat(lives_of(versions) for versions in each)
    assert lives_of(together.reverse()).equals(alone.sort("venue", "symbol", "start"))
    assert lives_of(together.clear()).is_empty()


def test_rows_are_due_since_the_newest_listing_date_and_until_it_was_last_seen():
    corrected = [(2, "TRADING", 1, None), (4, "TRADING", 3, None), (9, "VANISHED", 3, 8)]
    found = lives_of(stored(corrected))
    assert found.select("start", "end").rows() == days((1, 9))
    assert found.select("due_from", "due_until").rows() == days((3, 8))


def test_it_does_not_trade_from_when_the_venue_said_so_until_it_said_the_contrary():
    halted = [(2, "TRADING", 1, None), (4, "BREAK", 1, None), (5, "TRADING", 1, None)]
    assert halts_of(stored(halted)).select("start", "end").rows() == days((4, 5))
    assert halts_of(stored(halted[:2])).select("start", "end").rows() == days((4, None))
    assert halts_of(stored(LIVES["it trades"][0])).is_empty()


def lives(*spans: tuple[str, int | None, int | None]) -> pl.DataFrame:
    rows = [
        ("binance", symbol, *(ends := [each and day(each) for each in span]), *ends)
        for symbol, *span in spans
    ]
    return pl.DataFrame(rows, schema=contract_life.LIVES, orient="row")


def stamped(*rows: tuple[str, str, int]) -> pl.LazyFrame:
    return pl.LazyFrame(
        [(venue, symbol, day(number)) for venue, symbol, number in rows],
        schema={"venue": pl.String, "symbol": pl.String, "ts": INSTANT},
        orient="row",
    )


def test_rows_of_two_lives_of_one_name_have_two_names_and_nobody_else_has_another():
    known = lives(("X", None, 5), ("X", 9, None), ("Y", 1, None))
    rows = stamped(
        ("binance", "X", 2), ("binance", "X", 9), ("binance", "X", 12), ("gate", "X", 12),
        ("binance", "Y", 12),
    )  # fmt: skip
    named = named_by_life(rows, known)
    first, *second, elsewhere, other = named.collect()["symbol"].to_list()
    assert len({first, *second}) == 2
    assert second[0] == second[1]
    assert (elsewhere, other) == ("X", "Y")
    again = under_one_name(named, known).collect()
    assert again.equals(rows.sort("venue", "symbol", "ts").collect())


def test_of_an_instant_that_two_lives_share_the_later_one_is_kept():
    known = lives(("X", 1, 5), ("X", 5, None))
    rows = stamped(("binance", "X", 4), ("binance", "X", 6))
    both = named_by_life(rows, known).with_columns(was="ts", ts=pl.lit(day(5), INSTANT))
    assert under_one_name(both, known).collect()["was"].to_list() == [day(6)]
    later = of_the_later_life(both, known).collect()
    assert later["was"].to_list() == [day(6)]
    assert later["symbol"].to_list() != ["X"], "it keeps the name of its life"


def test_a_version_is_of_the_life_that_it_tells_of_though_it_was_seen_before_that_began():
    announced = [(2, "TRADING", 1, None), (4, "TRADING", 1, 5), (6, "PENDING", 9, None)]
    versions = stored([*announced, (10, "TRADING", 9, None)])
    named = versions_by_life(versions, lives_of(versions))
    assert named["ts"].to_list() == versions["ts"].to_list()
    [*first, pending, second] = named["symbol"].to_list()
    assert first[0] == first[1] != second
    assert pending == second
