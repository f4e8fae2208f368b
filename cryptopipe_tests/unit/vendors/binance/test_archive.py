"""Binance's archive: files are verified, unpacked and read like REST pages."""

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import NotPublished, PayloadChanged, VendorUnavailable
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.parse_klines import BAR_SCHEMA
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_tests.places import PAYLOADS
from cryptopipe_tests.unit.vendors.conftest import Vendor, asked, mocked

FOLDER = PAYLOADS / "binance"
DAY = (FOLDER / "BTCUSDT-1m-2026-02-03.csv").read_bytes()
MONTH_OF_FUNDING = (FOLDER / "BTCUSDT-fundingRate-2026-02.csv").read_bytes()
DAY_PATH = "/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-02-03.zip"
MONTH_PATH = "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2026-02.zip"
FUNDING_PATH = "/data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-02.zip"


def zipped(*csvs: bytes, name: str = "file.csv") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for n, csv in enumerate(csvs):
            opened.writestr(f"{n}{name}", csv)
    return target.getvalue()


def shelf(path: str, archive: bytes) -> dict[str, bytes]:
    """A zip and the checksum beside it."""
    digest = hashlib.sha256(archive).hexdigest()
    return {path: archive, f"{path}.CHECKSUM": f"{digest}  {Path(path).name}\n".encode()}


class Archive:
    """Serves files by path, and 404 with S3's XML for the rest; counts what was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: Counter[str] = Counter()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked[path] += 1
        if path not in self.files:
            return httpx.Response(404, text="<Error><Code>NoSuchKey</Code></Error>")
        return httpx.Response(200, content=self.files[path])


def ask(vendor: Vendor, work: Callable[[BinanceArchive], Awaitable[pl.DataFrame]]) -> pl.DataFrame:
    return asked(mocked(BinanceArchive, vendor, base_url="https://archive.test"), work)


def day(vendor: Callable[[httpx.Request], httpx.Response]) -> pl.DataFrame:
    when = date(2026, 2, 3)
    return ask(vendor, lambda a: a.klines_of_day("BTCUSDT", "BTC-USDT-PERP", when))


def test_a_days_file_is_verified_and_read():
    frame = day(Archive(shelf(DAY_PATH, zipped(DAY))))
    assert frame.schema == BAR_SCHEMA
    assert frame["close"].to_list() == [101.75, 101.75, 103.0]
    assert frame["symbol"].unique().to_list() == ["BTC-USDT-PERP"]


def test_a_months_file_is_found_by_any_day_of_the_month():
    vendor = Archive(shelf(MONTH_PATH, zipped(DAY)))
    frame = ask(vendor, lambda a: a.klines_of_month("BTCUSDT", "BTC-USDT-PERP", date(2026, 2, 17)))
    assert frame.height == 3


def test_lines_out_of_order_or_repeated_are_put_right():
    header, *lines = DAY.splitlines()
    shuffled = b"\n".join([header, *reversed(lines), lines[1]])
    expected = day(Archive(shelf(DAY_PATH, zipped(DAY))))
    assert day(Archive(shelf(DAY_PATH, zipped(shuffled)))).equals(expected)


def test_two_different_lines_of_one_minute_are_a_changed_payload():
    other = DAY.splitlines()[1].replace(b",42,", b",43,")
    with pytest.raises(PayloadChanged, match=r"2026-02-03 12:00:00.*minute occurs twice"):
        day(Archive(shelf(DAY_PATH, zipped(DAY + other))))


def test_a_line_of_another_day_is_a_changed_payload():
    stray = DAY.splitlines()[1].replace(b"17701200", b"17702064")
    with pytest.raises(PayloadChanged, match="outside 2026-02-03 00:00 to 2026-02-04 00:00"):
        day(Archive(shelf(DAY_PATH, zipped(DAY + stray))))


def test_a_file_that_is_not_there_is_not_published_and_asked_for_once():
    vendor = Archive({})
    with pytest.raises(NotPublished, match=r"binance-archive: there is no .*2026-02-03.zip"):
        day(vendor)
    assert vendor.asked == {DAY_PATH: 1}


def test_a_wrong_checksum_is_asked_for_again_and_then_named():
    files = shelf(DAY_PATH, zipped(DAY))
    vendor = Archive({**files, DAY_PATH: files[DAY_PATH][:-5]})
    right = hashlib.sha256(files[DAY_PATH]).hexdigest()
    came = hashlib.sha256(files[DAY_PATH][:-5]).hexdigest()
    with pytest.raises(PayloadChanged, match=rf"2026-02-03.zip: .*{right}, came {came}"):
        day(vendor)
    assert vendor.asked[DAY_PATH] == 2


def test_a_download_that_was_cut_off_once_is_repaired_by_the_second():
    vendor = Archive(shelf(DAY_PATH, zipped(DAY)))

    def flaky(request: httpx.Request) -> httpx.Response:
        answer = vendor(request)
        if request.url.path == DAY_PATH and vendor.asked[DAY_PATH] == 1:
            return httpx.Response(200, content=answer.content[:40])
        return answer

    assert day(flaky).height == 3


@pytest.mark.parametrize(
    "checksum",
    [
        None,
        b"",
        b"<html>",
        hashlib.sha256(zipped(DAY)).hexdigest().encode() + b"  OTHER-1m-2026-02-03.zip",
        b"123  BTCUSDT-1m-2026-02-03.zip",
    ],
    ids=["absent", "empty", "html", "another file", "no digest"],
)
def test_a_file_that_cannot_be_verified_is_a_changed_payload(checksum):
    files = shelf(DAY_PATH, zipped(DAY))
    beside = {} if checksum is None else {f"{DAY_PATH}.CHECKSUM": checksum}
    with pytest.raises(PayloadChanged, match="CHECKSUM"):
        day(Archive({DAY_PATH: files[DAY_PATH], **beside}))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"not a zip", "no zip"),
        (zipped(DAY, DAY), "expected one .csv"),
        (zipped(DAY, name=".txt"), "expected one .csv"),
        (zipped(), "expected one .csv"),
        (zipped(b"a,b\n1,2\n"), "expected the columns open_time"),
    ],
)
def test_a_verified_file_of_another_kind_is_a_changed_payload(content, fault):
    with pytest.raises(PayloadChanged, match=fault):
        day(Archive(shelf(DAY_PATH, content)))


def bent(archive: bytes, place: int, value: bytes) -> bytes:
    """A zip with other bytes at a place of its first header and, the same, of its directory."""
    directory = archive.index(b"PK\x01\x02")
    changed = bytearray(archive)
    changed[place : place + len(value)] = value
    changed[directory + place + 2 : directory + place + 2 + len(value)] = value
    return bytes(changed)


PACKED = zipped(DAY)
IN_THE_MIDDLE = PACKED.index(b".csv") + 20


@pytest.mark.parametrize(
    "content",
    [
        PACKED[:IN_THE_MIDDLE] + b"\xff" * 20 + PACKED[IN_THE_MIDDLE + 20 :],
        bent(PACKED, 8, b"\x63\x00"),
        bent(PACKED, 6, b"\x01\x00"),
        bent(PACKED, 22, b"\xff\xff\xff\x7f"),
        zipped(DAY.replace(b"1770120000000", b"9" * 18, 1)),
        zipped(b"\xff\xfe\x00" + DAY),
    ],
    ids=["damaged inside", "unknown packing", "a password", "2 GB", "no time", "foreign bytes"],
)
def test_a_verified_file_that_cannot_be_read_is_a_changed_payload(content):
    with pytest.raises(PayloadChanged, match=DAY_PATH):
        day(Archive(shelf(DAY_PATH, content)))


def test_a_server_error_is_not_taken_for_a_missing_file():
    with pytest.raises(VendorUnavailable, match="4 attempts"):
        day(lambda request: httpx.Response(503))


@pytest.mark.parametrize("csv", [MONTH_OF_FUNDING, MONTH_OF_FUNDING.partition(b"\n")[2]])
def test_settlements_of_a_month_carry_the_declared_interval(csv):
    vendor = Archive(shelf(FUNDING_PATH, zipped(csv)))
    frame = ask(
        vendor, lambda a: a.settlements_of_month("BTCUSDT", "BTC-USDT-PERP", date(2026, 2, 1))
    )
    assert frame.schema == SETTLEMENT_SCHEMA
    assert frame.rows() == [
        (
            datetime(2026, 2, 3, tzinfo=UTC),
            datetime(2026, 2, 3, 0, 0, 0, 8000, tzinfo=UTC),
            "binance",
            "BTC-USDT-PERP",
            0.0001,
            8,
        ),
        (
            datetime(2026, 2, 3, 8, tzinfo=UTC),
            datetime(2026, 2, 3, 8, 0, 0, 1000, tzinfo=UTC),
            "binance",
            "BTC-USDT-PERP",
            -0.000025,
            8,
        ),
    ]


def test_settlements_in_other_columns_are_a_changed_payload():
    swapped = MONTH_OF_FUNDING.replace(b"calc_time,funding", b"funding,calc_time")
    with pytest.raises(PayloadChanged, match="expected the columns"):
        ask(
            Archive(shelf(FUNDING_PATH, zipped(swapped))),
            lambda a: a.settlements_of_month("BTCUSDT", "BTC-USDT-PERP", date(2026, 2, 1)),
        )
