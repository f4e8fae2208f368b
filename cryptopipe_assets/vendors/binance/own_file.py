"""A file of Binance's contracts that somebody gave, of any accepted layout: its name and its rows.

The same readers as of a folder of recordings; what they say of a file names line and column.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from cryptopipe_assets.core.contract_names import COIN, CONTRACT, PAIR, composed, read_contract_name
from cryptopipe_assets.core.own_files.bars import read_klines
from cryptopipe_assets.core.own_files.days_of_name import ALL_DAYS, DAYS, span_of
from cryptopipe_assets.core.own_files.file_text import SUFFIX
from cryptopipe_assets.core.own_files.open_interest import read_metrics, read_points
from cryptopipe_assets.core.own_files.settlements import RecordedSettlement, read_settlements
from cryptopipe_assets.core.time import MINUTE_MS, midnight, milliseconds
from cryptopipe_assets.core.unreadable import UNREADABLE
from cryptopipe_assets.vendors.binance.archive_file import ArchiveFile, rows_of
from cryptopipe_assets.vendors.binance.parse_metrics import VENUE, hours_of, readings_of
from cryptopipe_assets.vendors.parsing.open_interest import at_the_hours_end
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, unreadable

OwnKind = Literal["1m", "fundingRate", "metrics", "openInterestHist"]
NAMES = (
    "SYMBOL-1m-YYYY-MM[-DD].zip, SYMBOL-fundingRate-YYYY-MM[-DD].zip, "
    "SYMBOL-metrics-YYYY-MM[-DD].zip, SYMBOL-openInterestHist.json, "
    "COIN_QUOTE_QUOTE-1m-futures.feather or COIN_QUOTE_QUOTE-8h-funding_rate.feather (each of them "
    "also .csv, .csv.gz, .json, .json.gz, .zip, .parquet or .feather; the days may be left out, "
    "except of metrics)"
)
_NAME = re.compile(
    rf"(?P<symbol>{CONTRACT})-(?P<kind>1m|fundingRate|metrics|openInterestHist)"
    rf"(?:-{DAYS})?{SUFFIX}"
)
_OF_FREQTRADE = re.compile(rf"{PAIR}-(?:(?P<bars>1m-futures)|\d+[mh]-funding_rate){SUFFIX}")
_KINDS: tuple[OwnKind, ...] = ("1m", "fundingRate", "metrics", "openInterestHist")


@dataclass(frozen=True, kw_only=True)
class OwnFile:
    """What a file's name says: rows of one contract in ``[start, end)``."""

    vendor_symbol: str
    kind: OwnKind
    start: date
    end: date


def read_name(name: str) -> OwnFile:
    """Read the name of a file that somebody gave.

    Raises
    ------
    UnexpectedShape
        If it is none that we know, or of a contract that is no perpetual.
    """
    if found := _OF_FREQTRADE.fullmatch(composed(name)):
        symbol, days = found["base"] + found["quote"], ALL_DAYS
        kind = "1m" if found["bars"] else "fundingRate"
    elif found := _NAME.fullmatch(composed(name)):
        symbol, kind = found["symbol"], found["kind"]
        said = span_of(found) if found["month"] else ALL_DAYS
        if said is None:
            raise UnexpectedShape(f"expected a day or month of the calendar, got {name}")
        days = said
    else:
        raise UnexpectedShape(f"expected a name like {NAMES}, got {name}")
    if kind == "metrics" and days == ALL_DAYS:
        raise UnexpectedShape(
            f"{name}: a file of metrics has its days in its name, SYMBOL-metrics-2026-10-05: "
            "by its midnights it is told whether its labels are starts or ends"
        )
    contract = read_contract_name(symbol)
    if contract.why_not:
        raise UnexpectedShape(f"{name}: {contract.text} is {contract.why_not}")
    if contract.text != contract.pair or not re.fullmatch(COIN, contract.pair):
        raise UnexpectedShape(f"{name}: {contract.text} is no contract of the USD-M archive")
    return OwnFile(
        vendor_symbol=contract.text,
        kind=next(each for each in _KINDS if each == kind),
        start=days[0],
        end=days[1],
    )


def read_rows(file: OwnFile, path: Path, symbol: str) -> pl.DataFrame:
    """Return the rows of a file: bars, settlements or open interest, as its client gives them.

    Parameters
    ----------
    path
        Where it lies; its name says of what it is, and in which format.
    symbol
        Canonical symbol.

    Raises
    ------
    UnreadableRecording
        A row is not what the name says, or cannot be true; line and column are named.
    UnexpectedShape
        The rows contradict each other.
    """
    try:
        return _read(file, path, symbol)
    except UnexpectedShape:
        raise
    except UNREADABLE as exc:
        raise unreadable(exc) from exc


def _read(file: OwnFile, path: Path, symbol: str) -> pl.DataFrame:
    first, last = milliseconds(midnight(file.start)), milliseconds(midnight(file.end))
    if file.kind == "1m":
        bars = read_klines(path, MINUTE_MS, (first, last))
        return _as_archived(file, "1m", bars.lines, symbol)
    if file.kind == "fundingRate":
        settled = read_settlements(file.vendor_symbol, [path])
        return _as_archived(file, "fundingRate", map(_line, settled), symbol)
    if file.kind == "metrics":
        points = read_metrics(path, file.vendor_symbol, first=first, last=last)
    else:
        points = read_points(path, file.vendor_symbol)
    hours = hours_of(points)
    if hours.is_empty():
        raise UnexpectedShape(
            f"{path.name}: expected points of whole hours, the file has none in {len(points)}"
        )
    return at_the_hours_end(readings_of(hours, symbol), venue=VENUE)


def _as_archived(
    file: OwnFile, kind: Literal["1m", "fundingRate"], lines: Iterable[str], symbol: str
) -> pl.DataFrame:
    """Read lines that are now those of a file of the archive."""
    archived = ArchiveFile(
        vendor_symbol=file.vendor_symbol, kind=kind, start=file.start, end=file.end
    )
    return rows_of(archived, "\n".join(lines).encode(), symbol)


def _line(settled: RecordedSettlement) -> str:
    hours = "" if settled.declared_hours is None else settled.declared_hours
    return f"{settled.time},{hours},{settled.rate}"
