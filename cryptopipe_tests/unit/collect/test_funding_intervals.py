"""Daily rates of other contracts: which interval they are paid for, and who is left out by name."""

from datetime import UTC, datetime, timedelta

import polars as pl

from cryptopipe_assets.collect.funding import WITHOUT_INTERVAL, at_their_settlements

DAY = datetime(2026, 3, 5, tzinfo=UTC)
OVER = DAY + timedelta(days=1, milliseconds=1)
MS = pl.Datetime("ms", "UTC")
NOBODY = pl.DataFrame(
    schema={
        "venue": pl.String,
        "symbol": pl.String,
        "available_at": MS,
        "funding_interval_hours": pl.Int64,
    }
)
SYMBOL = "ARB-USDT-PERP"
LISTED = datetime(2023, 3, 23, tzinfo=UTC)


def bars(venue: str = "binance", margin_type: str = "linear") -> pl.DataFrame:
    return pl.DataFrame(
        [(DAY, OVER, venue, SYMBOL, margin_type, 0.0001)],
        schema={
            "ts": MS,
            "available_at": MS,
            "venue": pl.String,
            "symbol": pl.String,
            "margin_type": pl.String,
            "funding_rate": pl.Float64,
        },
        orient="row",
    )


def of_the_venue(name: str, *told: tuple[datetime, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [("binance", SYMBOL, at, hours) for at, hours in told],
        schema={"venue": pl.String, "symbol": pl.String, "available_at": MS, name: pl.Int64},
        orient="row",
    )


def settled(*told: tuple[datetime, int | None]) -> pl.DataFrame:
    return of_the_venue("interval_hours", *told)


def timed(daily: pl.DataFrame, *, versions=NOBODY, settlements=None) -> tuple[list, dict]:
    listed = versions.with_columns(
        ts="available_at",
        status=pl.lit("TRADING"),
        listed_at=pl.lit(LISTED, MS),
        delisted_at=pl.lit(None, MS),
    )
    rows, counts = at_their_settlements(
        daily,
        versions=listed,
        settlements=settled() if settlements is None else settlements,
        at=OVER,
    )
    return rows.select("ts", "interval_hours").rows(), dict(+counts)


def test_the_interval_of_the_venues_newest_settlement_is_taken_for_the_days_after_it():
    told = settled((OVER - timedelta(days=3), 8), (OVER - timedelta(days=2), 4))
    assert timed(bars(), settlements=told) == ([(DAY + timedelta(hours=20), 4)], {})


def test_what_was_settled_later_or_long_before_says_nothing_of_a_day():
    told = settled((OVER + timedelta(hours=1), 4), (OVER - timedelta(days=8), 8))
    assert timed(bars(), settlements=told) == (
        [],
        {"coinalyze/rows_without_interval": 1, f"{WITHOUT_INTERVAL}binance {SYMBOL}": 1},
    )


def test_a_settlement_without_an_interval_does_not_hide_the_one_before_it():
    told = settled((OVER - timedelta(days=2), 4), (OVER - timedelta(days=1), None))
    assert timed(bars(), settlements=told)[0] == [(DAY + timedelta(hours=20), 4)]


def test_without_a_settlement_what_the_venue_had_declared_by_then_counts():
    declared = of_the_venue("funding_interval_hours", (OVER - timedelta(days=90), 2), (OVER, 1))
    assert timed(bars(), versions=declared)[0] == [(DAY + timedelta(hours=23), 1)]


def test_where_all_contracts_of_a_venue_have_the_same_interval_nobody_has_to_say_it():
    assert timed(bars("hyperliquid"))[0] == [(DAY + timedelta(hours=23), 1)]
    assert timed(bars(margin_type="inverse"))[0] == [(DAY + timedelta(hours=16), 8)]
