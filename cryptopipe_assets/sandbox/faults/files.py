"""Faults of the archive's files: rows bent inside the zip, and zips that are none."""

import csv
import io
import zipfile
from collections.abc import Callable
from typing import Literal

from cryptopipe_assets.core.own_files.bars import KLINE_COLUMNS
from cryptopipe_assets.sandbox.faults.payload_map import PayloadMap
from cryptopipe_assets.sandbox.faults.rows import Rows

FileKind = Literal[
    "not_a_zip",
    "cut_zip",
    "empty_zip",
    "two_files",
    "empty_file",
    "other_header",
    "toggled_header",
    "revised_number",
]
_COLUMNS = {
    "klines": KLINE_COLUMNS,
    "fundingRate": "calc_time,funding_interval_hours,last_funding_rate",
    "metrics": (
        "create_time,symbol,sum_open_interest,sum_open_interest_value,"
        "count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,"
        "sum_taker_long_short_vol_ratio"
    ),
}
REVISION = "1.000001"


def altered_rows(archive: bytes, endpoint: str, change: Callable[[Rows], Rows]) -> bytes:
    """Return the zip with its rows, objects by column name, changed; a header stays as it was."""
    name, text = _opened(archive)
    has_header = text[:1].isalpha()
    columns = text.partition("\n")[0].split(",") if has_header else _COLUMNS[endpoint].split(",")
    lines = text.splitlines()[1:] if has_header else text.splitlines()
    rows = change([dict(zip(columns, each, strict=True)) for each in csv.reader(lines)])
    # A field that was renamed or added is a column like others; one that is null is blank.
    shown = list(dict.fromkeys(key for row in rows if row is not None for key in row)) or columns
    made = [",".join(_field(row, key) for key in shown) for row in rows]
    return _zipped({name: "\n".join([",".join(shown)] * has_header + made) + "\n"})


def altered_file(kind: FileKind, archive: bytes, endpoint: str, payload_map: PayloadMap) -> bytes:
    """Return the archive with a fault of its own; its checksum is then of these bytes."""
    if kind == "not_a_zip":
        return b"This is no archive. " * 20
    if kind == "cut_zip":
        return archive[: len(archive) // 2]
    name, text = _opened(archive)
    header, _, rest = text.partition("\n")
    if kind == "empty_zip":
        return _zipped({})
    if kind == "two_files":
        return _zipped({name: text, f"copy-of-{name}": text})
    if kind == "empty_file":
        return _zipped({name: ""})
    if kind == "toggled_header":
        has_header = text[:1].isalpha()
        return _zipped({name: rest if has_header else f"{_COLUMNS[endpoint]}\n{text}"})
    if kind == "other_header":
        body = rest if header[:1].isalpha() else text
        return _zipped({name: f"{_COLUMNS[endpoint].replace('_', '-')}x\n{body}"})
    return altered_rows(archive, endpoint, lambda rows: _revised(rows, payload_map))


def _revised(rows: Rows, payload_map: PayloadMap) -> Rows:
    """Give the middle row a slightly smaller number, as if the vendor had corrected it."""
    row, column = rows[len(rows) // 2], str(payload_map.number[0])
    row[column] = f"{float(row[column]) / float(REVISION):.12f}"
    return rows


def _field(row: object, key: str) -> str:
    value = row.get(key) if isinstance(row, dict) else None
    text = "" if value is None else str(value)
    return f'"{text}"' if any(mark in text for mark in ",{[") else text


def _opened(archive: bytes) -> tuple[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        name = opened.namelist()[0]
        return name, opened.read(name).decode()


def _zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(member, text, compress_type=zipfile.ZIP_DEFLATED, compresslevel=1)
    return buffer.getvalue()
