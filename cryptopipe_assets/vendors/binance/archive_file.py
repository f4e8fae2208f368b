"""A file of Binance's archive: what its name says, where it lies, its checksum and its rows.

It is read here whether it was downloaded or put on a disk by somebody. Pure: no network, no disk.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Self

import polars as pl

from cryptopipe_assets.core.contract_names import COIN, CONTRACT, composed, read_contract_name
from cryptopipe_assets.core.packed import PackingError, gunzipped, only_member
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.core.unreadable import UNREADABLE, UNREADABLE_FILE, reason
from cryptopipe_assets.vendors.binance.parse_klines import (
    bars_of,
    read_klines,
    without_repetitions,
)
from cryptopipe_assets.vendors.binance.parse_metrics import VENUE, read_metrics, readings_of
from cryptopipe_assets.vendors.binance.parse_settlements import read_archive, settlements_of
from cryptopipe_assets.vendors.binance.transports import next_month
from cryptopipe_assets.vendors.parsing.bounds import OF_A_FILE, Bounds, TooLarge
from cryptopipe_assets.vendors.parsing.open_interest import at_the_hours_end
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, unreadable

ROOT = "/data/futures/um"

Kind = Literal["1m", "fundingRate", "metrics"]
FOLDERS: dict[Kind, str] = {"1m": "klines", "fundingRate": "fundingRate", "metrics": "metrics"}
NAMES = (
    "SYMBOL-1m-YYYY-MM[-DD].zip, SYMBOL-fundingRate-YYYY-MM[-DD].zip or "
    "SYMBOL-metrics-YYYY-MM[-DD].zip (also .csv or .csv.gz)"
)
_NAME = re.compile(
    rf"(?P<symbol>{CONTRACT})-(?P<kind>1m|fundingRate|metrics)-"
    r"(?P<label>\d{4}-\d{2}(?:-\d{2})?)\.(?:zip|csv(?:\.gz)?)"
)


@dataclass(frozen=True, kw_only=True)
class ArchiveFile:
    """What a file's name says: rows of one symbol in ``[start, end)``, a day or a month."""

    vendor_symbol: str
    kind: Kind
    start: date
    end: date

    @classmethod
    def of_day(cls, kind: Kind, vendor_symbol: str, day: date) -> Self:
        """Return the file of one day."""
        return cls(vendor_symbol=vendor_symbol, kind=kind, start=day, end=day + timedelta(days=1))

    @classmethod
    def of_month(cls, kind: Kind, vendor_symbol: str, month: date) -> Self:
        """Return the file of the calendar month that ``month`` is in."""
        first = month.replace(day=1)
        return cls(vendor_symbol=vendor_symbol, kind=kind, start=first, end=next_month(first))

    @property
    def family(self) -> str:
        """Folder of all files of its kind, e.g. ``monthly/klines``."""
        span = "daily" if self._is_daily else "monthly"
        return f"{span}/{FOLDERS[self.kind]}"

    @property
    def name(self) -> str:
        """Name of the zip."""
        label = f"{self.start:%Y-%m-%d}" if self._is_daily else f"{self.start:%Y-%m}"
        return f"{self.vendor_symbol}-{self.kind}-{label}.zip"

    @property
    def path(self) -> str:
        """Where it lies in the archive."""
        width = "/1m" if self.kind == "1m" else ""
        return f"{ROOT}/{self.family}/{self.vendor_symbol}{width}/{self.name}"

    @property
    def _is_daily(self) -> bool:
        return self.end - self.start == timedelta(days=1)


def read_name(name: str) -> ArchiveFile:
    """Read the name of a file of the archive.

    Raises
    ------
    UnexpectedShape
        If it is none that we know, or of a contract that is no perpetual.
    """
    found = _NAME.fullmatch(composed(name))
    if not found:
        raise UnexpectedShape(f"expected a name like {NAMES}, got {name}")
    label = found["label"]
    contract = read_contract_name(found["symbol"])
    if contract.why_not:
        raise UnexpectedShape(f"{name}: {contract.text} is {contract.why_not}")
    if contract.text != contract.pair or not re.fullmatch(COIN, contract.pair):
        raise UnexpectedShape(f"{name}: {contract.text} is no contract of the USD-M archive")
    daily = len(label) == len("2026-11-20")
    try:
        start = date.fromisoformat(label if daily else f"{label}-01")
    except ValueError:
        raise UnexpectedShape(f"expected a day or month of the calendar, got {label}") from None
    kind = next(each for each in FOLDERS if each == found["kind"])
    of = ArchiveFile.of_day if daily else ArchiveFile.of_month
    return of(kind, contract.text, start)


def checksum_in(line: str, name: str) -> str:
    """Return the sha256 that a ``.CHECKSUM`` states of the file ``name``.

    Raises
    ------
    UnexpectedShape
        If the line is of another file.
    """
    words = line.split()
    if len(words) != 2 or words[1].lstrip("*") != name or len(words[0]) != 64:
        raise UnexpectedShape(
            f"expected a sha256 and {name} in {name}.CHECKSUM, got {line[:200]!r}"
        )
    return words[0].lower()


def require_checksum(content: bytes, line: str, name: str) -> None:
    """Compare a file with the line of its ``.CHECKSUM``.

    Raises
    ------
    UnexpectedShape
        If the line is of another file, or of another content.
    """
    expected, came = checksum_in(line, name), hashlib.sha256(content).hexdigest()
    if came != expected:
        raise UnexpectedShape(f"expected sha256 {expected}, came {came} ({len(content)} bytes)")


def csv_of(content: bytes, bounds: Bounds = OF_A_FILE) -> bytes:
    """Return the one CSV in a zip.

    Raises
    ------
    UnexpectedShape
        If it is no zip, a damaged one, has other files, or a larger one than it may have.
    """
    try:
        csv = only_member(content, largest=bounds.unpacked_bytes, ending=".csv")
        bounds.require_lines(csv)
    except (PackingError, TooLarge) as exc:
        raise UnexpectedShape(str(exc)) from exc
    except UNREADABLE_FILE as exc:
        raise UnexpectedShape(
            f"expected a zip, got {len(content)} bytes that are no zip: {reason(exc)}"
        ) from exc
    return csv


def csv_of_own(name: str, content: bytes, bounds: Bounds = OF_A_FILE) -> bytes:
    """Return the CSV in a file that somebody gave: zipped, gzipped or as it is.

    What programs of tables add is taken away: a mark of the byte order, quotes, returns.

    Raises
    ------
    UnexpectedShape
        As of ``csv_of``.
    """
    if name.endswith(".zip"):
        csv = csv_of(content, bounds)
    else:
        try:
            csv = content
            if name.endswith(".gz"):
                csv = gunzipped(content, largest=bounds.unpacked_bytes)
            bounds.require_lines(csv)
        except (PackingError, TooLarge) as exc:
            raise UnexpectedShape(str(exc)) from exc
        except UNREADABLE_FILE as exc:
            raise UnexpectedShape(f"cannot be unpacked: {reason(exc)}") from exc
    plain = csv.removeprefix(b"\xef\xbb\xbf").replace(b'"', b"")
    return plain.replace(b"\r\n", b"\n")


def rows_of(file: ArchiveFile, csv: bytes, symbol: str) -> pl.DataFrame:
    """Return the rows of a file: bars, settlements or open interest, as its client gives them.

    Lines that repeat another one exactly are dropped.

    Parameters
    ----------
    symbol
        Canonical symbol.

    Raises
    ------
    UnexpectedShape
        If the rows are not what the name says.
    """
    try:
        return _read(file, csv, symbol)
    except UnexpectedShape:
        raise
    except UNREADABLE as exc:
        raise unreadable(exc) from exc


def _read(file: ArchiveFile, csv: bytes, symbol: str) -> pl.DataFrame:
    start, end = midnight(file.start), midnight(file.end)
    if file.kind == "1m":
        klines = without_repetitions(read_klines(csv))
        if klines.is_empty():
            raise UnexpectedShape("expected bars, the file has none")
        return bars_of(klines, symbol, start=start, end=end)
    if file.kind == "fundingRate":
        stamped = read_archive(csv, file.vendor_symbol)
        return settlements_of(stamped, {file.vendor_symbol: symbol}, start=start, end=end)
    points, _ = read_metrics(csv, file.vendor_symbol, file.start, until=file.end)
    return at_the_hours_end(readings_of(points, symbol), venue=VENUE)
