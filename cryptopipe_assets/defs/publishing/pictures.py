"""Which charts a table's run shows: what is there by instrument and hour, and what it says."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import polars as pl

from cryptopipe_assets.core.time import HOUR
from cryptopipe_assets.defs.publishing.charts import bars, heat_map, lines
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS

TOP = 10
LINES = 5
DROPPED = "dropped/"
"""Start of the names under which a run counts the rows that it did not publish, by reason."""


def pictures(table: str, newest: pl.DataFrame, metadata: Mapping[str, object]) -> dict[str, str]:
    """Markdown charts by name, of the newest day that has rows.

    Parameters
    ----------
    newest
        The table's newest file.
    metadata
        What the run reports besides.
    """
    if newest.is_empty():
        return {}
    drawn = {}
    if (coverage := _coverage(table, newest)) is not None:
        drawn["coverage"] = coverage
    if table in OWN:
        drawn.update(OWN[table](newest))
    if (drops := _drops(metadata)) is not None:
        drawn["rows_dropped"] = drops
    return {f"chart/{name}": picture for name, picture in drawn.items()}


def _coverage(table: str, newest: pl.DataFrame) -> str | None:
    """Share of each hour's rows that are there, for tables with a row an hour or more."""
    level = SERVICE_LEVELS.get(table)
    if level is None or level.entity is None or level.step > HOUR:
        return None
    hour = pl.col("ts").dt.hour().cast(pl.Int64)
    counts = newest.group_by(pl.col(level.entity).alias("entity"), hour=hour).agg(
        count=pl.col("ts").n_unique()
    )
    end = newest.select(pl.max("ts")).item() + level.step
    hours = pl.DataFrame({"hour": range(24)}).filter(pl.col("hour") < _hours_over(end))
    every = counts.select("entity").unique().join(hours, how="cross")
    last_hour = (end - end.replace(minute=0, second=0)) / level.step or HOUR / level.step
    due = pl.when(hour=hours.height - 1).then(last_hour).otherwise(HOUR / level.step)
    shares = every.join(counts, on=["entity", "hour"], how="left").with_columns(
        share=(pl.col("count").fill_null(0) / due).clip(upper_bound=1.0)
    )
    return heat_map(shares.sort("entity", "hour"), title=f"Coverage on {_day(newest)} (UTC)")


def _hours_over(end: datetime) -> int:
    """Hours of the day that have begun before ``end``, the first instant after its newest row."""
    return 24 if end.hour == end.minute == 0 else end.hour + (1 if end.minute else 0)


def _day(newest: pl.DataFrame) -> str:
    return str(newest.select(pl.max("ts").dt.date()).item())


def _drops(metadata: Mapping[str, object]) -> str | None:
    """Rows that were not published, by reason."""
    counted = {
        name.removeprefix(DROPPED): value
        for name, value in metadata.items()
        if name.startswith(DROPPED) and isinstance(value, int) and value
    }
    if not counted:
        return None
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return bars(
        [name for name, _ in ordered],
        [float(value) for _, value in ordered],
        title="Rows that were not published, by the first reason",
        unit="rows",
    )


def _closes(newest: pl.DataFrame) -> dict[str, str]:
    """The day of the contracts with the largest turnover, its first close being 100."""
    largest = (
        newest.group_by("symbol")
        .agg(pl.col("volume_quote").sum())
        .sort("volume_quote", "symbol", descending=[True, False])
        .head(LINES)["symbol"]
    )
    of_five_minutes = newest.filter(
        pl.col("symbol").is_in(largest.to_list()), pl.col("ts").dt.minute() % 5 == 0
    )
    first = pl.col("close").first().over("symbol", order_by="ts")
    wide = (
        of_five_minutes.with_columns(close=pl.col("close") / first * 100)
        .pivot("symbol", index="ts", values="close", sort_columns=True)
        .sort("ts")
    )
    return {"closes": lines(wide, title="Closes of the largest contracts, start of the day = 100")}


def _top(newest: pl.DataFrame, by: str, *, title: str, unit: str, scale: float = 1.0) -> str:
    """The largest values of the newest instant, one a coin."""
    rows = (
        newest.drop_nulls(by)
        .filter(pl.col("ts") == pl.col("ts").max())
        .group_by("coin")
        .agg(pl.col(by).max())
        .sort(by, "coin", descending=[True, False])
        .head(TOP)
    )
    return bars(rows["coin"].to_list(), (rows[by] * scale).to_list(), title=title, unit=unit)


def _leverage(newest: pl.DataFrame) -> dict[str, str]:
    title = f"Highest open interest against market cap on {_day(newest)}"
    return {
        "leverage_ranking": _top(
            newest, "oi_to_market_cap", title=title, unit="percent of the market cap", scale=100
        )
    }


def _positions(newest: pl.DataFrame) -> dict[str, str]:
    """Open interest by venue: some give the hour that runs, others the one before."""
    own = pl.col("ts") == pl.col("ts").max().over("venue")
    rows = (
        newest.filter(own)
        .group_by("venue")
        .agg(pl.col("open_interest_usd").sum() / 1e6)
        .sort("open_interest_usd", "venue", descending=[True, False])
    )
    return {
        "open_interest_by_venue": bars(
            rows["venue"].to_list(),
            rows["open_interest_usd"].to_list(),
            title=f"Open interest in each venue's newest hour of {_day(newest)}",
            unit="million USD",
        )
    }


def _caps(newest: pl.DataFrame) -> dict[str, str]:
    since = newest.filter(pl.col("ts") > pl.col("ts").max() - timedelta(hours=1))
    rows = (
        since.drop_nulls("market_cap_usd")
        .group_by("coin_id")
        .agg(pl.col("coin").last(), pl.col("market_cap_usd").max() / 1e9)
        .sort("market_cap_usd", "coin_id", descending=[True, False])
        .head(TOP)
    )
    return {
        "largest_coins": bars(
            rows["coin"].to_list(),
            rows["market_cap_usd"].to_list(),
            title="Largest market caps of the newest snapshot",
            unit="billion USD",
        )
    }


def _funding(newest: pl.DataFrame) -> dict[str, str]:
    """What longs pay in a year at each contract's newest settlement: the highest and lowest."""
    rows = (
        newest.drop_nulls("interval_hours")
        .sort("ts")
        .group_by("symbol")
        .last()
        .with_columns(a_year=pl.col("funding_rate") / pl.col("interval_hours") * 24 * 365 * 100)
        .sort("a_year", "symbol", descending=[True, False])
    )
    half = TOP // 2
    ends = rows if rows.height <= TOP else pl.concat([rows.head(half), rows.tail(half)])
    return {
        "funding_extremes": bars(
            ends["symbol"].to_list(),
            ends["a_year"].to_list(),
            title="Funding of the newest settlement: what longs pay, highest and lowest",
            unit="percent a year",
        )
    }


def _weights(newest: pl.DataFrame) -> dict[str, str]:
    """The newest book of each strategy."""
    held = newest.drop_nulls("weight").filter(pl.col("ts") == pl.col("ts").max())
    drawn = {}
    for strategy in held["strategy"].unique().sort():
        book = held.filter(pl.col("strategy") == strategy).sort("weight", "coin", descending=True)
        half = TOP // 2
        ends = book if book.height <= TOP else pl.concat([book.head(half), book.tail(half)])
        drawn[f"book/{strategy}"] = bars(
            ends["coin"].to_list(),
            (ends["weight"] * 100).to_list(),
            title=f"{strategy}: largest positions of {ends['ts'][0]:%Y-%m-%d}",
            unit="percent of the notional",
        )
    return drawn


OWN: Mapping[str, Callable[[pl.DataFrame], dict[str, str]]] = {
    "ohlcv_1m": _closes,
    "funding_rate": _funding,
    "open_interest": _positions,
    "market_cap": _caps,
    "leverage_ratios": _leverage,
    "signals": _weights,
}
"""Charts of single tables; a table without a line here still has its coverage."""
