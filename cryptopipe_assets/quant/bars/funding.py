"""Funding of a perpetual: the interval a rate is paid for, and the rate known at an instant."""

import polars as pl

from cryptopipe_assets.core.time import HOUR, HOUR_MS

SETTLEMENT_INTERVALS_HOURS = (1, 2, 4, 8)
HOURS_PER_YEAR = 8760
ARB_PRESSURE_THRESHOLD = 0.30

_INSTRUMENT = ("venue", "symbol")


def settlement_intervals(settlements: pl.LazyFrame, declared: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``interval_hours``, the hours that each settlement's rate is paid for.

    What the settlement's own row declares; else what the venue declared of the contract when the
    settlement was published, or fewer hours if the settlement before is nearer than that, as a
    change is seen there before it is seen in the declaration; else the hours since the settlement
    before, if venues use such an interval (1, 2, 4 or 8 hours) and it is not longer than the step
    before that: a longer one may as well be a settlement that is missing. Null if none of these
    says. Nothing is read that was published later than the settlement itself.

    Parameters
    ----------
    settlements
        ts (settlement, rounded to the hour), available_at, venue, symbol, declared_interval_hours
        (null where the row declares nothing), and any other columns.
    declared
        Versions of contracts: venue, symbol, available_at and funding_interval_hours, as the
        registry of instruments has them; without rows where nothing is known.

    Returns
    -------
    LazyFrame of the columns of ``settlements`` and interval_hours (Int64, hours), sorted by venue,
    symbol, ts.
    """
    versions = declared.select(
        "available_at",
        *_INSTRUMENT,
        _of_contract=pl.col("funding_interval_hours").cast(pl.Int64),
    ).sort("venue", "symbol", "available_at")
    # In the order in which they came: a late row is no predecessor of those that came before it.
    newest = pl.col("ts").cum_max().shift(1).over(_INSTRUMENT)
    since = pl.when(newest < pl.col("ts")).then(pl.col("ts") - newest)
    before = pl.col("_step").forward_fill().shift(1).over(_INSTRUMENT)
    is_no_hole = before.is_null() | (pl.col("_step") <= before)
    return (
        settlements.sort("venue", "symbol", "available_at", "ts")
        .join_asof(
            versions,
            on="available_at",
            by=_INSTRUMENT,
            strategy="backward",
            check_sortedness=False,
        )
        .with_columns(_step=_if_usual(_whole_hours(since)))
        .with_columns(
            interval_hours=pl.coalesce(
                pl.col("declared_interval_hours").cast(pl.Int64),
                pl.when(pl.col("_of_contract").is_not_null()).then(
                    pl.min_horizontal("_of_contract", "_step")
                ),
                pl.when(is_no_hole).then("_step"),
            )
        )
        .drop("_step", "_of_contract")
        .sort("venue", "symbol", "ts")
    )


def _whole_hours(duration: pl.Expr) -> pl.Expr:
    """Hours of a duration, null unless it is a whole number of them."""
    milliseconds = duration.dt.total_milliseconds()
    return pl.when(milliseconds % HOUR_MS == 0).then(milliseconds // HOUR_MS)


def _if_usual(hours: pl.Expr) -> pl.Expr:
    return pl.when(hours.is_in(SETTLEMENT_INTERVALS_HOURS)).then(hours)


def with_funding(hours: pl.LazyFrame, funding: pl.LazyFrame) -> pl.LazyFrame:
    """Add the funding known at the end of each hour to ``hours``.

    The newest rate with ``available_at <= bar_end``: a settlement stamped at the bar's end is
    published a millisecond or more later and belongs to the next bar. A rate is used for at most
    its own interval plus one hour after its settlement; without an interval it is not used.

    Parameters
    ----------
    hours
        ts (open of the hour), venue, symbol, and any other columns; a row per instrument-hour.
    funding
        ts (settlement), available_at, venue, symbol, funding_rate (fraction per interval),
        interval_hours.

    Returns
    -------
    LazyFrame of the same rows, sorted by venue, symbol, ts, with funding_rate,
    funding_interval_hours, funding_rate_8h, funding_age_h, funding_annualized, funding_delta and
    arb_pressure. Null means that no usable rate was known; funding_delta also needs the row one
    hour earlier.
    """
    one_hour = pl.col("bar_end") - pl.col("ts")
    settled = funding.select(
        "available_at",
        *_INSTRUMENT,
        "funding_rate",
        settled_at=pl.col("ts"),
        funding_interval_hours=pl.col("interval_hours").cast(pl.Int64),
    ).sort("venue", "symbol", "available_at", "settled_at")
    return (
        hours.sort("venue", "symbol", "ts")
        .with_columns(bar_end=pl.col("ts") + HOUR)
        .join_asof(
            settled,
            left_on="bar_end",
            right_on="available_at",
            by=_INSTRUMENT,
            strategy="backward",
            check_sortedness=False,
            coalesce=False,
            suffix="_funding",
        )
        .with_columns(funding_age_h=(pl.col("bar_end") - pl.col("settled_at")) / one_hour)
        .with_columns(_unless_stale("funding_rate", "funding_interval_hours", "funding_age_h"))
        .with_columns(annual_and_8h())
        .with_columns(funding_delta=_change_in_one_hour(pl.col("funding_rate")))
        .drop("bar_end", "settled_at", "available_at_funding", strict=False)
    )


def annual_and_8h() -> list[pl.Expr]:
    """Return the rate on common terms: per 8 hours, per year, and whether it is extreme."""
    rate, interval = pl.col("funding_rate"), pl.col("funding_interval_hours")
    annualized = rate * HOURS_PER_YEAR / interval
    return [
        (rate * 8 / interval).alias("funding_rate_8h"),
        annualized.alias("funding_annualized"),
        (annualized.abs() > ARB_PRESSURE_THRESHOLD).alias("arb_pressure"),
    ]


def within_tolerance(age_h: pl.Expr, interval_hours: pl.Expr) -> pl.Expr:
    """Whether a rate settled ``age_h`` hours ago still counts: one interval plus one hour."""
    return age_h <= interval_hours + 1


def _unless_stale(*names: str) -> list[pl.Expr]:
    is_usable = within_tolerance(pl.col("funding_age_h"), pl.col("funding_interval_hours"))
    return [pl.when(is_usable & pl.col("funding_rate").is_not_null()).then(name) for name in names]


def _change_in_one_hour(value: pl.Expr) -> pl.Expr:
    """Return the change against the row one hour earlier of the same instrument, else null."""
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in _INSTRUMENT)
    return pl.when(same & (pl.col("ts").diff() == HOUR)).then(value - value.shift(1))
