"""When a contract was listed: intervals, from every version that the registry keeps of it. Pure.

A name may be listed twice: a contract is delisted and reopened later, or its ticker is given to
another coin. Then the newest version tells of the second life only, and rows between the two are
of neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import polars as pl

from cryptopipe_assets.core.versions import VANISHED

TRADING = "TRADING"
INSTANT = pl.Datetime("ms", "UTC")
LIVES = pl.Schema(
    {
        "venue": pl.String(),
        "symbol": pl.String(),
        "start": INSTANT,
        "end": INSTANT,
        "due_from": INSTANT,
        "due_until": INSTANT,
    }
)
HALTS = pl.Schema({"venue": pl.String(), "symbol": pl.String(), "start": INSTANT, "end": INSTANT})


@dataclass(frozen=True)
class _Life:
    """Listed from start (null: nobody knows) to end (null: no end is known)."""

    start: datetime | None
    end: datetime | None
    due_from: datetime | None
    due_until: datetime | None


def lives_of(versions: pl.DataFrame) -> pl.DataFrame:
    """Intervals in which each contract was listed, sorted by venue, symbol and start.

    A contract that was announced to end, ended then. One that vanished without a word lived on
    until it was missed, at the latest. One that is back with the listing date it had never was
    away: the list lacked it. A listing date that is moved while the contract is listed is a
    correction; the earliest holds.

    Parameters
    ----------
    versions
        venue, symbol, ts, status, listed_at and delisted_at of every version.

    Returns
    -------
    DataFrame of ``LIVES``: start and end are null where they are not known; end is exclusive for
    bars. Rows are possible in all of it, and due from due_from to due_until: since the listing as
    the newest version has it, and until it was last seen.
    """
    key = ["venue", "symbol"]
    facts = versions.sort(*key, "ts").select(
        *key, "ts", "status", "listed_at", "delisted_at", is_plain=_is_plain()
    )
    plain = facts.filter("is_plain").unique(key, keep="last", maintain_order=True)
    of_plain = plain.select(
        *key,
        start=pl.col("listed_at").cast(INSTANT),
        end=pl.col("delisted_at").cast(INSTANT),
        due_from=pl.col("listed_at").cast(INSTANT),
        due_until=pl.col("delisted_at").cast(INSTANT),
    )
    others = facts.filter(~pl.col("is_plain")).drop("is_plain")
    rows = [
        (*name, life.start, life.end, life.due_from, life.due_until)
        for name, own in groupby(others.iter_rows(), key=itemgetter(0, 1))
        for life in _lives(version[2:] for version in own)
    ]
    of_others = pl.DataFrame(rows, schema=LIVES, orient="row")
    every = pl.concat([of_plain, of_others])
    return every.sort(*key, "start", maintain_order=True)


def _is_plain() -> pl.Expr:
    """Whether a contract never had another listing date, and never vanished: most never did."""
    key = ["venue", "symbol"]
    is_gone = (pl.col("status") == VANISHED).any().over(key)
    return (pl.col("listed_at").n_unique().over(key) == 1) & ~is_gone


def _lives(
    versions: Iterator[tuple[datetime, str, datetime | None, datetime | None]],
) -> list[_Life]:
    """Lives of one contract, from its versions in their order."""
    lives: list[_Life] = []
    announced: datetime | None = None
    for ts, status, listed, delisted in versions:
        end = ts if status == VANISHED and announced != delisted else delisted
        announced = delisted if status != VANISHED else announced
        last = lives[-1] if lives else None
        is_next = (
            last is not None
            and last.end is not None
            and listed is not None
            and (last.start is None or listed > last.start)
            and listed >= last.end
        )
        if last is None or is_next:
            lives.append(_Life(listed, end, listed, delisted))
        else:
            lives[-1] = _Life(_earlier(last.start, listed), end, listed, delisted)
    return lives


LIFE_MARK = "\x1f"
"""Stands between a symbol and the number of its life; no venue's name has it."""


def named_by_life(rows: pl.LazyFrame, lives: pl.DataFrame) -> pl.LazyFrame:
    """Rows whose symbol tells the lives of one name apart, so that no window crosses two of them.

    Symbols of contracts with one life stay as they are. A row is of the newest life that had begun
    in its minute; what comes before the first one is of the first.

    Parameters
    ----------
    rows
        venue, symbol, ts, and any other columns.
    lives
        ``LIVES``, or ``LIVES`` and more columns.
    """
    name = pl.col("symbol")
    for (venue, symbol), own in _several(lives).group_by("venue", "symbol"):
        begun = own["start"].drop_nulls().sort()
        later = pl.sum_horizontal(
            (pl.col("ts") >= pl.lit(start, INSTANT).dt.truncate("1m")).cast(pl.Int32)
            for start in begun[-(own.height - 1) :]
        )
        is_of_it = (pl.col("venue") == venue) & (pl.col("symbol") == symbol)
        named = pl.concat_str(pl.lit(f"{symbol}{LIFE_MARK}"), later.cast(pl.String))
        name = pl.when(is_of_it).then(named).otherwise(name)
    return rows.with_columns(symbol=name)


def versions_by_life(versions: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
    """Versions of the registry under the names of ``named_by_life``: of the life they tell of.

    A life is announced before it begins, so what counts is the listing date in the version and not
    when it was seen.

    Parameters
    ----------
    versions
        venue, symbol, ts, listed_at, and any other columns.
    """
    told_of = versions.rename({"ts": "_seen"}).with_columns(ts="listed_at").lazy()
    return named_by_life(told_of, lives).drop("ts").rename({"_seen": "ts"}).collect()


def of_the_later_life(rows: pl.LazyFrame, lives: pl.DataFrame) -> pl.LazyFrame:
    """Rows of ``named_by_life`` without those whose instant a later life of the contract has, too.

    The order of the rows is not kept.
    """
    if _several(lives).is_empty():
        return rows
    name, life = _parts()
    key = ["venue", "_name", "ts"]
    return (
        rows.with_columns(_name=name, _life=life)
        .filter(pl.col("_life").is_null() | (pl.col("_life") == pl.col("_life").max().over(key)))
        .drop("_name", "_life")
    )


def under_one_name(rows: pl.LazyFrame, lives: pl.DataFrame) -> pl.LazyFrame:
    """Rows of ``named_by_life`` under the contracts' own symbols.

    Of two rows of one contract and instant, which two lives share, that of the later life stays.
    """
    if _several(lives).is_empty():
        return rows
    named = of_the_later_life(rows, lives).with_columns(symbol=_parts()[0])
    return named.sort("venue", "symbol", "ts")


def _parts() -> tuple[pl.Expr, pl.Expr]:
    """A contract's own symbol, and the number of its life; null if it has one only."""
    parts = pl.col("symbol").str.split(LIFE_MARK)
    return parts.list.first(), parts.list.get(1, null_on_oob=True).cast(pl.Int64)


def _several(lives: pl.DataFrame) -> pl.DataFrame:
    """Lives of the contracts that have more than one."""
    return lives.filter(pl.len().over("venue", "symbol") > 1)


def halts_of(versions: pl.DataFrame) -> pl.DataFrame:
    """Intervals in which the venue said of a listed contract that it does not trade.

    From the instant at which we saw it to the one at which we saw it trade again; null if we have
    not, sorted by venue, symbol and start.

    Parameters
    ----------
    versions
        venue, symbol, ts and status of every version.

    Returns
    -------
    DataFrame of ``HALTS``.
    """
    contract = ["venue", "symbol"]
    return (
        versions.sort(*contract, "ts")
        .with_columns(until=pl.col("ts").shift(-1).over(contract, order_by="ts"))
        .filter(~pl.col("status").is_in([TRADING, VANISHED]))
        .select(*contract, start=pl.col("ts").cast(INSTANT), end=pl.col("until").cast(INSTANT))
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else min(one, other)
