"""The lives of followed contracts, as windows and files need them."""

from datetime import UTC, datetime

import polars as pl

from cryptopipe_assets.collect.followed import earlier_lives, every_life, every_listing
from cryptopipe_assets.core.contract_life import INSTANT


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


VERSIONS = pl.DataFrame(
    [
        ("binance", "X", at(2), "TRADING", at(1), None),
        ("binance", "X", at(4), "SETTLING", at(1), at(5, 12, 9)),
        ("binance", "X", at(6), "TRADING", at(5, 12, 51), None),
        ("binance", "Y", at(2), "TRADING", at(1), None),
        ("gate", "X", at(2), "TRADING", at(1), None),
    ],
    schema={
        "venue": pl.String,
        "symbol": pl.String,
        "ts": INSTANT,
        "status": pl.String,
        "listed_at": INSTANT,
        "delisted_at": INSTANT,
    },
    orient="row",
)
NEWEST = VERSIONS[[2, 3]]


def test_every_life_is_there_and_an_hour_of_two_lives_is_of_the_later_one():
    assert every_life(VERSIONS, NEWEST).rows() == [
        ("binance", "X", at(1), at(5, 12)),
        ("binance", "X", at(5, 12, 51), None),
        ("binance", "Y", at(1), None),
    ]


def test_what_was_before_the_newest_life_ends_when_it_was_announced_to():
    assert earlier_lives(VERSIONS, NEWEST).rows() == [("X", at(1), at(5, 12, 9))]


def test_listings_of_checks_are_those_of_the_newest_version_and_of_the_lives_before():
    assert every_listing(VERSIONS, NEWEST).rows() == [
        ("X", at(5, 12, 51), None),
        ("Y", at(1), None),
        ("X", at(1), at(5, 12, 9)),
    ]
