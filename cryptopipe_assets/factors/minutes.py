"""Folding one-minute bars into hours: sums, extremes and spreads of an hour's own minutes.

An hour is folded from its own minutes only. What it owes to the hour before (the return over the
hour's edge) is added afterwards by ``microstructure``, so an hour's numbers do not depend, to the
last bit, on how much of the past lies in the frame or in which order the files were read.
"""

from typing import Final

import polars as pl

HOUR_MS: Final = 3_600_000
ONE_THIRD: Final = 1 / 3
"""A factor, because Polars divides by a constant differently in a frame of one row."""

_UTC_MS = pl.Datetime("ms", "UTC")
_HOUR_KEY = ("venue", "symbol", "hour")
_MINUTE_COLUMNS = (
    *("ts", "venue", "symbol", "open", "high", "low", "close"),
    *("volume_base", "volume_quote", "trades", "taker_buy_base"),
)


def fold_minutes(bars: pl.LazyFrame) -> pl.DataFrame:
    """Return one row per instrument and hour with the statistics of its minutes.

    Eager: what has to be done depends on the order of the rows, and a query engine that calls back
    into Python works on one thread meanwhile.

    Returns
    -------
    DataFrame of venue, symbol, ts (open of the hour), the hour's bar and totals, and the working
    columns first_minute, last_minute, first_close, typical_quote, volume_std, n_returns,
    return_mean, return_var, log_return_sq; sorted by venue, symbol, ts. Returns are those between
    two adjacent minutes inside the hour; over a missing minute there is none.
    """
    minutes = (
        bars.select(_MINUTE_COLUMNS)
        .with_columns(pl.col("ts").cast(_UTC_MS))
        .collect(engine="in-memory")
    )
    runs = _with_runs(minutes)
    if not _hours_in_one_piece(runs):
        runs = _with_runs(minutes.sort("venue", "symbol", "ts"))
    folded = pl.concat([_edges(runs), _totals(runs)], how="horizontal")
    return folded.sort("venue", "symbol", "ts")


def _with_runs(minutes: pl.DataFrame) -> pl.DataFrame:
    """Number the runs of rows of one instrument and hour, in ``run``.

    Run ids of a column never fall, so their sum grows exactly where one of the columns changes.
    """
    run = pl.sum_horizontal(pl.col(name).rle_id() for name in _HOUR_KEY)
    return (
        minutes.with_columns(hour=pl.col("ts").dt.epoch("ms") // HOUR_MS)
        .with_columns(run=run.set_sorted())
        .with_columns(is_first=pl.col("run").ne_missing(pl.col("run").shift(1)))
    )


def _hours_in_one_piece(runs: pl.DataFrame) -> bool:
    """Whether each instrument-hour lies together and in time order.

    Day files do, so that the sort, which costs more than all the rest, is the exception.
    """
    ascends = pl.col("is_first") | (pl.col("ts") > pl.col("ts").shift(1))
    pieces = runs.select(pl.col(_HOUR_KEY).gather(_first_rows()))
    return bool(runs.select(ascends.all()).item()) and not pieces.is_duplicated().any()


def _first_rows() -> pl.Expr:
    return pl.arg_where(pl.col("is_first"))


def _edges(runs: pl.DataFrame) -> pl.DataFrame:
    """Return what an hour's first and last minute say, a row per run."""
    first = runs.select(_first_rows()).to_series()
    last = first.shift(-1, fill_value=runs.height) - 1
    opens, closes = pl.col("ts", "open", "close").gather(first), pl.col("ts", "close").gather(last)
    return runs.select(
        pl.col("venue", "symbol").gather(first),
        (pl.col("hour").gather(first) * HOUR_MS).cast(_UTC_MS).alias("ts"),
    ).hstack(
        pl.concat(
            [
                runs.select(opens).rename({"ts": "first_minute", "close": "first_close"}),
                runs.select(closes).rename({"ts": "last_minute"}),
            ],
            how="horizontal",
        )
    )


def _totals(runs: pl.DataFrame) -> pl.DataFrame:
    """Return sums, extremes and spreads over an hour's minutes, a row per run, in order."""
    close, volume, growth = pl.col("close"), pl.col("volume_base"), pl.col("growth")
    is_next_minute = ~pl.col("is_first") & (pl.col("ts").diff() == pl.duration(minutes=1))
    typical_price = (pl.col("high") + pl.col("low") + close) * ONE_THIRD
    return (
        runs.lazy()
        .with_columns(growth=close / pl.when(is_next_minute).then(close.shift(1)))
        .with_columns(
            simple_return=growth - 1,
            log_return_sq=growth.log() ** 2,
            typical_quote=typical_price * volume,
        )
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("volume_base", "volume_quote", "trades", "taker_buy_base").sum(),
            pl.col("typical_quote", "log_return_sq").sum(),
            volume.std().alias("volume_std"),
            pl.col("simple_return").mean().alias("return_mean"),
            pl.col("simple_return").var().alias("return_var"),
            pl.col("simple_return").count().cast(pl.Int64).alias("n_returns"),
            pl.len().cast(pl.Int64).alias("n_minutes"),
        )
        .drop("run")
        .collect(engine="in-memory")
    )
