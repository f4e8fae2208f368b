"""Files of a contract that somebody put into ``landing/``: read, stored, and moved away.

A file ends in ``landing/done`` or, with the reason beside it, in ``landing/rejected``. Importing
one twice changes nothing, so a run that was ended may simply run again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from cryptopipe_assets.collect.contract_lives import admitted
from cryptopipe_assets.collect.funding import with_intervals
from cryptopipe_assets.core.errors import ContractError, RequestError
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.core.packed import PackingError, limited
from cryptopipe_assets.core.schema import Collected, stamped
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.storage.confined_path import OutsideError, inside
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.vendors.binance.archive_file import require_checksum
from cryptopipe_assets.vendors.binance.own_file import OwnFile, OwnKind, read_name, read_rows
from cryptopipe_assets.vendors.binance.parse_metrics import VENUE
from cryptopipe_assets.vendors.parsing.bounds import OF_A_FILE
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

FOLDER, DONE, REJECTED = "landing", "done", "rejected"
ENDINGS = (".zip", ".csv", ".csv.gz", ".json", ".json.gz", ".parquet", ".feather")
"""How the names of files end that are imported."""
CHECKSUM, REASON = ".CHECKSUM", ".reason.txt"
CONTRACTS: dict[OwnKind, type[Collected]] = {
    "1m": Ohlcv1m,
    "fundingRate": FundingRate,
    "metrics": OpenInterest,
    "openInterestHist": OpenInterest,
}


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of one file.

    Attributes
    ----------
    table
        Where its rows went; empty if it was rejected.
    rows, added
        Rows in the file, and those that were new.
    reason
        Why it was rejected; empty if it was not.
    left_out
        Which of its rows were left out, and why; empty if none was.
    """

    name: str
    table: str = ""
    rows: int = 0
    added: int = 0
    reason: str = ""
    left_out: str = ""


def landing(warehouse: Warehouse) -> Path:
    """The folder that files are put into; made if it is not there."""
    return warehouse.lake.inbox(FOLDER)


def import_file(warehouse: Warehouse, name: str, *, at: datetime) -> Imported | None:
    """Store the rows of a landed file and move it away; null if it is not there any more.

    Parameters
    ----------
    at
        Becomes the rows' ``ingested_at``.

    Raises
    ------
    StorageError
        If the warehouse cannot be written. The file stays where it is.
    RequestError
        If it is no name of a file of the folder: nothing elsewhere is read or moved.
    """
    try:
        path = inside(landing(warehouse), name, nested=False)
    except OutsideError as exc:
        raise RequestError(f"{exc}; name files that lie in {landing(warehouse)}") from exc
    try:
        with path.open("rb") as opened:
            content = limited(opened, largest=OF_A_FILE.wire_bytes)
    except FileNotFoundError:
        return None
    except (OSError, PackingError) as exc:  # those that can be read are not kept waiting
        return _rejected(path, f"cannot be read: {exc}")
    try:
        file = read_name(name)
        beside = path.with_name(name + CHECKSUM)
        if beside.is_file():
            require_checksum(content, beside.read_text(encoding="utf-8", errors="replace"), name)
        rows = read_rows(file, path, _symbol(warehouse, file))
        table = CONTRACTS[file.kind]
        checked = table.conform(
            stamped(_as_table(warehouse, file, rows), table, source="binance", at=at)
        )
        found = admitted(warehouse.lake, table, checked)
        if found.rows.is_empty() and found.refused_rows:
            raise UnexpectedShape(f"{name}: {found.why}")
    except (UnexpectedShape, UnreadableRecording, ContractError) as exc:
        return _rejected(path, str(exc))
    added = sum(warehouse.lake.upsert(table, part, day).added for day, part in _days(found.rows))
    _move(path, DONE)
    return Imported(
        name=name,
        table=table.table_name(),
        rows=checked.height,
        added=added,
        left_out=found.why,
    )


def _rejected(path: Path, reason: str) -> Imported:
    """Put a file aside; one that cannot even be moved is named, and stays where it is."""
    try:
        _move(path, REJECTED, reason=reason)
    except OSError as exc:
        reason = f"{reason}; it stays in {FOLDER}/, as it cannot be moved: {exc.strerror}"
    return Imported(name=path.name, reason=reason)


def _symbol(warehouse: Warehouse, file: OwnFile) -> str:
    known = latest(warehouse.lake.read(Instruments), INSTRUMENT)
    found = known.filter(venue=VENUE, vendor_symbol=file.vendor_symbol)
    if found.is_empty():
        raise UnexpectedShape(
            f"the registry has no contract {file.vendor_symbol} among {known.height}; materialise "
            f"`instruments`, then put the file into {FOLDER}/ again"
        )
    return str(found["symbol"][0])


def _as_table(warehouse: Warehouse, file: OwnFile, rows: pl.DataFrame) -> pl.DataFrame:
    if file.kind != "fundingRate":
        return rows
    return with_intervals(rows, warehouse.lake.read(Instruments))


def _days(rows: pl.DataFrame) -> Iterator[tuple[date, pl.DataFrame]]:
    for (day,), part in rows.group_by(pl.col("ts").dt.date(), maintain_order=True):
        assert isinstance(day, date)
        yield day, part


def _move(path: Path, folder: str, *, reason: str = "") -> None:
    """Put the file and its checksum into a folder beside, over an earlier one of its name."""
    target = path.parent / folder
    target.mkdir(exist_ok=True)
    if reason:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        note = target / (path.name + REASON)
        said = f"{when} {path.name}: {reason}\n"
        note.write_text(said, encoding="utf-8", errors="backslashreplace")
    for each in (path.with_name(path.name + CHECKSUM), path):
        if each.is_file():
            each.replace(target / each.name)
