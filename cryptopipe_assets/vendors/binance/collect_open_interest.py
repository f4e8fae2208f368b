"""Open interest of any window: REST as far back as it tells, the archive's files for the rest.

A day that REST does not give whole is asked for from the archive, as soon as that should have it.
What each way said of days that did not come whole is kept.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.core.errors import NotPublished, VendorError
from cryptopipe_assets.core.time import DAY, HOUR, midnight
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.open_interest import (
    BY_REST,
    metrics_of_day,
    open_interest_history,
)
from cryptopipe_assets.vendors.binance.overlap import OPEN_INTEREST
from cryptopipe_assets.vendors.binance.parse_metrics import HOURS_A_DAY, coin_of
from cryptopipe_assets.vendors.binance.transports import days_of, is_published, spans_of
from cryptopipe_assets.vendors.binance.ways import Said, said_of
from cryptopipe_assets.vendors.http.gather import each_apart
from cryptopipe_assets.vendors.parsing.one_by_one import Failure
from cryptopipe_assets.vendors.parsing.open_interest import (
    Measured,
    together,
)
from cryptopipe_assets.vendors.parsing.told import TOLD

SymbolDay = tuple[str, date]


@dataclass
class _Files:
    """The archive's files that were asked for, and what they said instead of rows."""

    archive: BinanceArchive
    vendor_symbols: Mapping[str, str]
    said: dict[SymbolDay, Said | None] = field(default_factory=dict)
    failures: dict[SymbolDay, VendorError] = field(default_factory=dict)

    async def rows_of(self, wanted: Sequence[SymbolDay]) -> dict[SymbolDay, Measured]:
        """Ask for the files of some contracts and days; those that fail are left out.

        Raises
        ------
        RateLimited
        """
        came = await each_apart(
            metrics_of_day(self.archive, self.vendor_symbols[symbol], symbol, day=day)
            for symbol, day in wanted
        )
        found: dict[SymbolDay, Measured] = {}
        for each, response in zip(wanted, came, strict=True):
            if isinstance(response, VendorError):
                self.said[each] = said_of(response)
                self.failures[each] = response
            else:
                self.said[each] = None
                found[each] = response
        return found

    async def rows_beside(
        self, told: pl.DataFrame, wanted: Sequence[SymbolDay]
    ) -> tuple[pl.DataFrame, list[str]]:
        """Ask for the files of days of which another way told some hours.

        A file that says another thing of the same hours is not believed of the others.

        Parameters
        ----------
        told
            ``OPEN_INTEREST_SCHEMA``.

        Returns
        -------
        ``OPEN_INTEREST_SCHEMA`` of the files, and what differs, in words.

        Raises
        ------
        RateLimited
        """
        rows, differing = [told.clear()], list[str]()
        for (symbol, day), found in (await self.rows_of(wanted)).items():
            overlap = OPEN_INTEREST.compared(
                found.frame,
                told.filter(pl.col("symbol") == symbol),
                vendor_symbol=self.vendor_symbols[symbol],
                day=day,
            )
            if overlap.said is None:
                rows.append(found.frame)
            else:
                self.said[symbol, day] = "not usable"
                differing.append(overlap.said)
        return pl.concat(rows), differing


async def collect_open_interest(
    binance: Binance,
    archive: BinanceArchive,
    symbols: Mapping[str, str],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Measured:
    """Return the hourly open interest of ``start <= ts < end``, each day from where it costs least.

    The last 27 days come by REST, 20 of them in one call. Older ones, and those that REST does not
    give whole, come from the archive; missing files of older days are counted as
    ``days_not_published``. A contract whose history or file is refused is named with the reason,
    and takes no other one down.

    Parameters
    ----------
    symbols
        Vendor symbol to canonical symbol.

    Raises
    ------
    RateLimited
    VendorUnavailable, VendorRejected, PayloadChanged
        If REST does not respond, or refuses every contract; or if a file is refused and nothing
        came at all.
    """
    days = days_of(start, end)
    by_file = [day for day in days if day < (now - BY_REST).date()]
    by_rest = days[len(by_file) :]
    files = _Files(archive, {symbol: name for name, symbol in symbols.items()})
    parts = [
        await open_interest_history(binance, symbols, start=first, end=last, now=now)
        for first, last in spans_of(by_rest, start=start, end=end)
    ]
    refused = {symbols[name] for part in parts for name in part.failed}
    by_days = [(symbol, day) for symbol in symbols.values() for day in by_file]
    every = together([*parts, *(await files.rows_of(by_days)).values()])
    if every.frame.is_empty() and (failures := _of_use(files.failures)):
        raise next(iter(failures.values()))
    due = {day: _hours(day, start=start, end=end, now=now) for day in days}
    symbol_days = [(symbol, day) for symbol in symbols.values() for day in days]
    window = pl.col("ts").is_between(start, end, closed="left")
    frame = _one_each(every.frame.filter(window))
    again = [
        (symbol, day)
        for symbol, day in _not_whole(frame, symbol_days, due)
        if day in by_rest and is_published(day, now=now)
    ]
    older = dict(files.failures)
    filed, differing = await files.rows_beside(frame, again)
    whole = _one_each(pl.concat([frame, filed.filter(window)]))
    # Hours of a contract that REST refused are not among those that its history lacks.
    filled = whole[frame.height :].filter(~pl.col("symbol").is_in(list(refused))).height
    counts = Counter(every.left_out)
    counts["hours_missing"] -= filled
    counts["days_not_published"] += len(older) - len(_of_use(older))
    counts["days_refused"] += len(_of_use(older))
    failed = {
        files.vendor_symbols[symbol]: Failure(coin_of(symbol), f"{day}: {failure}")
        for (symbol, day), failure in _of_use(older).items()
    }
    over = [each for each in symbol_days if midnight(each[1]) + DAY <= now]
    return Measured(
        whole.sort("symbol", "ts"),
        dict(+counts),
        {**every.failed, **failed},
        tuple(differing),
        told=_told(_not_whole(whole, over, due), files.said, by_rest, refused),
    )


def _of_use(failures: Mapping[SymbolDay, VendorError]) -> dict[SymbolDay, VendorError]:
    """Failures that say more than that there is no file (yet): some days never get one."""
    return {each: exc for each, exc in failures.items() if not isinstance(exc, NotPublished)}


def _one_each(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique(["symbol", "ts"], keep="first", maintain_order=True)


def _hours(day: date, *, start: datetime, end: datetime, now: datetime) -> int:
    """Hours that open on the day and in ``[start, end)``, and are over."""
    opens = [midnight(day) + n * HOUR for n in range(HOURS_A_DAY)]
    return sum(start <= each < end and each + HOUR <= now for each in opens)


def _not_whole(
    rows: pl.DataFrame, symbol_days: Sequence[SymbolDay], due: Mapping[date, int]
) -> list[SymbolDay]:
    """Those of the contracts' days that lack an hour."""
    came = {
        (symbol, day): hours
        for symbol, day, hours in rows.group_by("symbol", pl.col("ts").dt.date()).len().iter_rows()
    }
    return [each for each in symbol_days if came.get(each, 0) < due[each[1]]]


def _told(
    short: Sequence[SymbolDay],
    of_files: Mapping[SymbolDay, Said | None],
    by_rest: Collection[date],
    refused: Collection[str],
) -> pl.DataFrame:
    """What each way that was asked said of days that are not whole: ``TOLD``.

    Parameters
    ----------
    by_rest
        Days for which REST was asked.
    refused
        Contracts that REST refused.
    """
    rows: list[tuple[str, date, str, Said | None]] = [
        (*each, "archive_day", of_files[each]) for each in short if each in of_files
    ]
    rows += [
        (symbol, day, "rest", "not usable" if symbol in refused else None)
        for symbol, day in short
        if day in by_rest
    ]
    return pl.DataFrame(rows, schema=TOLD, orient="row").sort("symbol", "day", "transport")
