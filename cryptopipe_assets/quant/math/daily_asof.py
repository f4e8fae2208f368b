"""What was known of a coin when a day had ended: bitemporal, per vendor id, of a stated age."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import numpy as np
import polars as pl

from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.quant.math.arrays import Indices, epoch_ms
from cryptopipe_assets.quant.math.namesakes import NOBODY, Namesakes


def with_newest_known(
    days: pl.DataFrame,
    rows: pl.DataFrame,
    *,
    columns: Mapping[str, str],
    max_age: timedelta,
    preferred: str | None = None,
    by: str = "coin",
) -> pl.DataFrame:
    """Add to coin-days what ``rows`` said of the coin, as known one millisecond after the day.

    Of the rows that were available by then the one with the newest ``ts`` counts, in its last
    revision: a value that comes late never displaces a newer one. Where several ids of a
    vendor share a ticker, the one with the largest market cap at that time is meant. Of several
    vendors' ids the newest counts, whatever it says, unless it is so much smaller that it must be
    another coin; so a vendor that stood in for a day does not linger.

    Parameters
    ----------
    days
        ts (open of a UTC day), coin, and any other columns.
    rows
        ts (the instant the value is of), available_at, coin, coin_id, market_cap_usd, and what
        ``columns`` names.
    columns
        Column of ``rows`` to its name in the result.
    max_age
        How long before the day's end ``ts`` may lie; an older row is unknown.
    preferred
        Boolean column of ``rows``: a vendor's id of which it is true goes before a newer one of
        another vendor of which it is not.
    by
        Column of both that says which coin it is.

    Returns
    -------
    DataFrame of the same rows in the same order with the columns of ``columns``, null where
    nothing was known.
    """
    rows, ids = _numbered(rows, [by, "coin_id"])
    day = epoch_ms(days["ts"]) // DAY_MS
    first_day = int(day.min()) if len(day) else 0
    newest = _newest_known(rows, ids, first_day, int(day.max()) if len(day) else 0)
    oldest = (day + 1) * DAY_MS - max_age // timedelta(milliseconds=1)
    namesakes = Namesakes.among(rows, ids, preferred=preferred, days=len(day))
    for namesake in _ids_of(days[by], rows[by], ids):
        asked = np.flatnonzero(namesake != NOBODY)
        found = newest[namesake[asked], day[asked] - first_day]
        asked, found = asked[found != NOBODY], found[found != NOBODY]
        fresh = namesakes.ts[found] >= oldest[asked]
        namesakes.consider(asked[fresh], found[fresh])

    meant = namesakes.meant()
    index = pl.Series("found", meant)
    index = index.set(index == NOBODY, None)
    answers = rows.select(pl.col(name).gather(index).alias(to) for name, to in columns.items())
    return days.hstack(answers)


def news_of_days(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that were the newest known of their id when a day had ended, and had not been before.

    The newest by ``ts``, in its last revision: a row that comes later than a newer one is never
    news, and of several in a day the newest one is.

    Parameters
    ----------
    rows
        ts, available_at, coin_id, and any other columns.

    Returns
    -------
    DataFrame of some of the rows, sorted by coin_id and day, with ``day`` (its open, UTC).
    """
    if rows.is_empty():
        return rows.with_columns(day=pl.col("ts"))
    rows, ids = _numbered(rows, ["coin_id"])
    usable = _first_day_end(rows)
    first_day = int(usable.min())
    newest = _newest_known(rows, ids, first_day, int(usable.max()))[:-1]
    is_news = np.diff(newest, axis=1, prepend=NOBODY) != 0
    day = np.nonzero(is_news)[1] + first_day
    opens = pl.Series("day", day * DAY_MS).cast(pl.Datetime("ms", "UTC"))
    return rows.select(pl.all().gather(pl.Series(newest[is_news]))).with_columns(opens)


def _numbered(rows: pl.DataFrame, by: list[str]) -> tuple[pl.DataFrame, Indices]:
    """Sort by ``by``, ts and version; return with it an ascending number per value of ``by``."""
    code = np.zeros(rows.height, dtype=np.int64)
    for name in by:
        values = pl.Enum(rows[name].unique().sort())
        within = rows[name].cast(values).to_physical().cast(pl.Int64).to_numpy()
        code = code * len(values.categories) + within
    ts, available = epoch_ms(rows["ts"]), epoch_ms(rows["available_at"])
    step, later = np.diff(code), np.diff(ts)
    is_revision = (later == 0) & (np.diff(available) >= 0)
    if not ((step > 0) | ((step == 0) & ((later > 0) | is_revision))).all():
        order = np.lexsort((available, ts, code))
        rows, step = rows[order], np.diff(code[order])
    return rows, np.concatenate([np.zeros(min(rows.height, 1), np.int64), np.cumsum(step != 0)])


def _newest_known(rows: pl.DataFrame, ids: Indices, first: int, last: int) -> Indices:
    """Index of the row that counts for every id and day; the last line is for no id at all."""
    count = int(ids[-1]) + 1 if len(ids) else 0
    newest = np.full((count + 1, last - first + 1), NOBODY, dtype=np.int64)
    day = np.maximum(_first_day_end(rows) - first, 0)
    in_time = np.flatnonzero(day <= last - first)
    np.maximum.at(newest, (ids[in_time], day[in_time]), in_time)
    return np.maximum.accumulate(newest, axis=1)


def _first_day_end(rows: pl.DataFrame) -> Indices:
    """Day, in days since 1970, at whose end plus one millisecond each row is first usable."""
    return -(-(epoch_ms(rows["available_at"]) - 1) // DAY_MS) - 1


def _ids_of(coin: pl.Series, of_rows: pl.Series, ids: Indices) -> Iterator[Indices]:
    """Yield for every coin asked for its first id, then its second ...; -1 where it has no more."""
    first = np.flatnonzero(np.diff(ids, prepend=-1))
    owner = of_rows.gather(first)
    coins = pl.Enum(owner.unique().sort())
    owners = owner.cast(coins).to_physical().cast(pl.Int64).to_numpy()
    asked = coin.cast(coins, strict=False).to_physical().cast(pl.Int64).fill_null(NOBODY)
    nth = np.arange(len(owners)) - np.searchsorted(owners, owners)
    for number in range(int(nth.max()) + 1 if len(nth) else 0):
        of_coin = np.full(len(coins.categories) + 1, NOBODY)
        of_coin[owners[nth == number]] = np.flatnonzero(nth == number)
        yield of_coin[asked.to_numpy()]
