"""What each way said of a day when it was collected, kept until somebody asks of a gap in it.

A gap is found long after its day was collected: the scan cannot ask again what the month's file,
the day's file and REST said. It is kept in ``warehouse/.scans/<table>-told.parquet``, of days only
that did not come whole, and the newest word of each way counts. Without the file nothing is lost
but the words.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS
from cryptopipe_assets.collect.gaps.refetched import TRANSPORTS
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.vendors.parsing.told import TOLD

KEPT = pl.Schema({**TOLD, "at": INSTANT})
WAY = ("symbol", "day", "transport")


def keeper(lake: Lake, table_name: str) -> Callable[[pl.DataFrame, datetime], None]:
    """Return ``keep_told`` of one table, for who does not know the warehouse."""
    return partial(keep_told, lake, table_name)


def keep_told(lake: Lake, table_name: str, told: pl.DataFrame, at: datetime) -> None:
    """Keep what was said of days that did not come whole.

    Parameters
    ----------
    told
        ``TOLD``.

    Raises
    ------
    StorageError
    """
    if told.is_empty():
        return
    name = _name(table_name)
    with lake.lock(name):
        kept = _kept(lake, table_name)
        # A way that says the same again has said it since the first time.
        new = (
            told.join(kept, on=[*WAY, "said"], how="anti", nulls_equal=True)
            .with_columns(at=pl.lit(at).cast(INSTANT))
            .select(KEPT.names())
        )
        if new.is_empty():
            return
        every = pl.concat([kept, new]).sort(*WAY, "at", maintain_order=True)
        lake.keep_scan(name, every.unique(WAY, keep="last", maintain_order=True))


def said_of_days(lake: Lake, table_name: str) -> pl.DataFrame:
    """What was said of whole days when they were collected.

    Returns
    -------
    DataFrame of ``SPANS`` (a day each) and asked: transports that responded, and behind a colon
    what others did.
    """
    order = pl.col("transport").replace_strict({name: n for n, name in enumerate(TRANSPORTS)})
    begin = pl.col("day").cast(INSTANT)
    return (
        _kept(lake, table_name)
        .with_columns(order=order.cast(pl.Int64))
        .sort("symbol", "day", "order")
        .group_by("symbol", "day", maintain_order=True)
        .agg(asked=pl.concat_str("transport", "said", separator=": ", ignore_nulls=True))
        .select(
            "symbol",
            start=begin,
            end=begin.dt.offset_by("1d"),
            asked=pl.col("asked").list.join(", "),
        )
        .select(*SPANS.names(), "asked")
    )


def requested_days(lake: Lake, table_name: str) -> pl.DataFrame:
    """When a way last spoke of a contract's day that did not come whole: symbol, day and at."""
    kept = _kept(lake, table_name)
    return kept.group_by("symbol", "day").agg(pl.max("at")).sort("symbol", "day")


def _kept(lake: Lake, table_name: str) -> pl.DataFrame:
    kept = lake.kept_scan(_name(table_name))
    return kept if kept is not None and kept.schema == KEPT else KEPT.to_frame()


def _name(table_name: str) -> str:
    return f"{table_name}-told"
