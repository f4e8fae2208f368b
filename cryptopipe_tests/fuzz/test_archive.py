"""Files of Binance's archive, from the network or from somebody's disk: rows or a named fault."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest

from cryptopipe_assets.vendors.binance.archive_file import (
    ArchiveFile,
    csv_of,
    require_checksum,
    rows_of,
)
from cryptopipe_assets.vendors.binance.own_file import read_name
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape
from cryptopipe_tests.fuzz.inputs import fuzzed, outcome, require_sound, source
from cryptopipe_tests.fuzz.mutations import hostile_bytes, hostile_lines
from cryptopipe_tests.places import PAYLOADS

pytestmark = pytest.mark.slow

LINES = 40
FILES = {
    "BTCUSDT-1m-2026-02-03": ArchiveFile.of_day("1m", "BTCUSDT", date(2026, 2, 3)),
    "BTCUSDT-fundingRate-2026-02": ArchiveFile.of_month("fundingRate", "BTCUSDT", date(2026, 2, 1)),
    "BTCUSDT-metrics-2026-02-03": ArchiveFile.of_day("metrics", "BTCUSDT", date(2026, 2, 3)),
}


def _content(name: str) -> bytes:
    lines = (PAYLOADS / "binance" / f"{name}.csv").read_bytes().splitlines()
    return b"\n".join(lines[:LINES])


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_csv_is_sound_rows_or_a_named_fault(name):
    content, file = _content(name), FILES[name]
    truth = rows_of(file, content, "BTC-USDT-PERP")

    @fuzzed(350)
    def fed(seed: int, steps: int) -> None:
        rng = source(seed)
        hostile = hostile_lines(rng, content, steps=steps)
        if rng.random() < 0.2:
            hostile = hostile_bytes(rng, hostile)
        said = outcome(lambda: rows_of(file, hostile, "BTC-USDT-PERP"), hostile, UnexpectedShape)
        if not isinstance(said, Exception):
            require_sound(said, truth)

    fed()


def _zipped(content: bytes, **options: Any) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", **options) as archive:
        archive.writestr("BTCUSDT-1m-2026-02-03.csv", content)
    return packed.getvalue()


def test_a_hostile_zip_is_a_csv_or_a_named_fault():
    content = _content("BTCUSDT-fundingRate-2026-02")
    packings = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    whole = [_zipped(content, compression=each) for each in packings]
    near_the_ends = (*range(32), *range(-120, 0))

    @fuzzed(4000)
    def fed(seed: int, steps: int) -> None:
        rng = source(seed)
        hostile = rng.choice(whole)
        for _ in range(steps):
            if rng.random() < 0.5:  # where the headers are
                at = rng.choice(near_the_ends) % max(len(hostile), 1)
                hostile = hostile[:at] + rng.randbytes(1) + hostile[at + 1 :]
            else:
                hostile = hostile_bytes(rng, hostile)
        outcome(lambda: csv_of(hostile), hostile, UnexpectedShape)

    fed()


def test_a_zip_with_a_password_is_a_named_fault():
    encrypted = bytearray(_zipped(b"1,2"))
    for header, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.find(header) + place] |= 1
    with pytest.raises(UnexpectedShape, match="encrypted"):
        csv_of(bytes(encrypted))


@pytest.mark.parametrize("odd", ["", "x" * 64, "é" * 64, "0" * 64 + " *", "\x00", "0" * 64])
def test_an_odd_checksum_is_a_named_fault(odd):
    with pytest.raises(UnexpectedShape):
        require_checksum(b"", f"{odd}  a.zip", "a.zip")


def test_a_hostile_name_is_a_file_or_a_named_fault():
    names = [f"{name}.zip".encode() for name in FILES]

    @fuzzed(1000)
    def fed(seed: int, steps: int) -> None:
        rng = source(seed)
        hostile = rng.choice(names)
        for _ in range(steps):
            hostile = hostile_bytes(rng, hostile)
        name = hostile.decode("utf-8", "replace")
        outcome(lambda: read_name(name), hostile, UnexpectedShape)

    fed()
