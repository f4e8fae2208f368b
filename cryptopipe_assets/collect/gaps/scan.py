"""Which time is stored: unbroken stretches, found by reading timestamps of changed files only.

A scan of 240 million minutes must not be repeated for every hour that arrives. The stretches of a
day are kept beside the size and the time of the file they were read from, in
``warehouse/.scans/<table>.parquet``; only files that differ are read again, and of those only the
columns ``symbol``, ``ts`` and ``ingested_at``, and what says how long a row stands for. The kept
scan can be deleted at any time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from cryptopipe_assets.collect.gaps.datasets import Dataset
from cryptopipe_assets.collect.gaps.intervals import INSTANT, SPANS
from cryptopipe_assets.core.calendar import months
from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.storage.lake import Lake

STRETCHES = pl.Schema(
    {"day": pl.Date(), "size": pl.Int64(), "changed": pl.Int64(), **SPANS, "ingested_at": INSTANT}
)


@dataclass(frozen=True)
class Scan:
    """What is stored of a table.

    Attributes
    ----------
    stretches
        day, size and changed (of the file), symbol, start, end, ingested_at (newest of the symbol
        and day); a day's file without rows has one line with null for a symbol.
    days
        Days that have a file, ascending.
    files_read
        How many files had changed since the last scan.
    """

    stretches: pl.DataFrame
    days: list[date]
    files_read: int

    @property
    def stored(self) -> pl.DataFrame:
        """Stored stretches: ``SPANS`` and ingested_at; of minutes, cut at midnight."""
        return self.stretches.filter(pl.col("symbol").is_not_null()).select(
            *SPANS.names(), "ingested_at"
        )


def scan(
    lake: Lake,
    dataset: Dataset,
    *,
    venue: str,
    told: Callable[[int, int], None] | None = None,
) -> Scan:
    """Bring the kept scan of a table up to date.

    Parameters
    ----------
    venue
        Whose rows are looked at, where a table has those of several.
    told
        Called with files read and files to read, once a month of days; for progress.

    Raises
    ------
    StorageError
        If a file cannot be read or the scan cannot be kept.
    """
    name = dataset.name
    with lake.lock(f"{name}-scan"):
        files = _files(lake, name)
        before = lake.kept_scan(name)
        known = before is not None and before.schema == STRETCHES
        kept = before if before is not None and known else STRETCHES.to_frame()
        kept = kept.join(files, on=["day", "size", "changed"], how="semi")
        changed = files.join(kept, on="day", how="anti").sort("day")
        frames, done = [kept], 0
        for days in months(changed["day"].to_list()):
            some = changed.filter(pl.col("day").is_in(days))
            if dataset.covered is None:
                frames.append(_read(lake, dataset.table, some))
            else:
                frames.append(_read_rows(lake, dataset, some, venue=venue))
            done += len(days)
            if told is not None:
                told(done, changed.height)
        stretches = pl.concat(frames).sort("day", "symbol", "start")
        if changed.height or before is None or stretches.height != before.height:
            lake.keep_scan(name, stretches)
    return Scan(stretches, files["day"].sort().to_list(), changed.height)


def _files(lake: Lake, name: str) -> pl.DataFrame:
    """Day, size and time of change (ns) of every file of the table."""
    schema = {name: STRETCHES[name] for name in ("day", "size", "changed")}
    return pl.DataFrame(lake.stamps(name), schema=schema, orient="row")


def _read_rows(lake: Lake, dataset: Dataset, files: pl.DataFrame, *, venue: str) -> pl.DataFrame:
    """What every row of some days' files stands for."""
    assert dataset.covered is not None
    days: list[date] = files["day"].to_list()
    columns = ("venue", "symbol", "ts", "source", "ingested_at", *dataset.columns)
    rows = (
        lake.scan(dataset.table, days[0], days[-1])
        .select(columns)
        .filter(pl.col("ts").dt.date().is_in(days), pl.col("venue") == venue)
        .sort("symbol", "ts")
        .collect()
    )
    found = dataset.covered(rows)
    return files.join(found, on="day", how="left").select(STRETCHES.names())


def _read(lake: Lake, contract: type[Table], files: pl.DataFrame) -> pl.DataFrame:
    """Stretches of some days' files.

    A symbol whose number of bars fills the time from its first to its last one has no hole; only
    of the others every timestamp is looked at.
    """
    days: list[date] = files["day"].to_list()
    rows = lake.scan(contract, days[0], days[-1]).select("symbol", "ts", "ingested_at")
    day = pl.col("ts").dt.date()
    if len(days) <= (days[-1] - days[0]).days:
        rows = rows.filter(day.is_in(days))
    counted = (
        rows.group_by("symbol", day=day)
        .agg(
            bars=pl.len().cast(pl.Int64),
            start=pl.min("ts"),
            end=pl.max("ts").dt.offset_by("1m"),
            ingested_at=pl.max("ingested_at"),
        )
        .collect()
    )
    whole = pl.col("bars") == (pl.col("end") - pl.col("start")).dt.total_minutes()
    broken = counted.filter(~whole).select("symbol", "day", "ingested_at")
    cut = _cut(rows, broken) if broken.height else counted.head(0).drop("bars")
    found = pl.concat(
        [counted.filter(whole).drop("bars"), cut.select(counted.drop("bars").columns)]
    )
    return files.join(found, on="day", how="left").select(STRETCHES.names())


def _cut(rows: pl.LazyFrame, broken: pl.DataFrame) -> pl.DataFrame:
    """Stretches of the symbols and days that have holes."""
    own = ["symbol", "day"]
    days: Sequence[date] = broken["day"].unique().to_list()
    minutes = (
        rows.select("symbol", "ts", day=pl.col("ts").dt.date())
        .filter(pl.col("day").is_in(days))
        .collect()
        .join(broken, on=own, how="inner")
        .sort("symbol", "ts")
    )
    begins = (pl.col("ts") - pl.col("ts").shift()).over(own, order_by="ts") != pl.duration(
        minutes=1
    )
    return (
        minutes.with_columns(run=begins.fill_null(value=True).cum_sum())
        .group_by("run", "symbol", "day", "ingested_at")
        .agg(start=pl.min("ts"), end=pl.max("ts").dt.offset_by("1m"))
        .drop("run")
    )
