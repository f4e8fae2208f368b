"""Binance's five-minute files of open interest, and the choice between them and REST."""

import asyncio
import hashlib
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from cryptopipe_assets.core.errors import NotPublished, PayloadChanged, VendorUnavailable
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.collect_open_interest import collect_open_interest
from cryptopipe_assets.vendors.binance.open_interest import metrics_of_day
from cryptopipe_assets.vendors.binance.parse_metrics import read_metrics
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape
from cryptopipe_tests.places import PAYLOADS
from cryptopipe_tests.unit.vendors.conftest import Vendor, asked, mocked

FOLDER = PAYLOADS / "binance"
FILE = (FOLDER / "BTCUSDT-metrics-2026-02-03.csv").read_bytes()
DAY = date(2026, 2, 3)
MIDNIGHT = datetime(2026, 2, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEADER = FILE.partition(b"\n")[0]


def path_of(day: date) -> str:
    return f"/data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-{day}.zip"


def shelf(path: str, csv: bytes) -> dict[str, bytes]:
    """A zip and the checksum beside it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as opened:
        opened.writestr("metrics.csv", csv)
    digest = hashlib.sha256(target.getvalue()).hexdigest()
    beside = f"{digest}  {Path(path).name}\n".encode()
    return {path: target.getvalue(), f"{path}.CHECKSUM": beside}


def serving(files: dict[str, bytes]) -> Vendor:
    def vendor(request: httpx.Request) -> httpx.Response:
        if request.url.path not in files:
            return httpx.Response(404, text="<Error><Code>NoSuchKey</Code></Error>")
        return httpx.Response(200, content=files[request.url.path])

    return vendor


def an_archive(vendor: Vendor) -> BinanceArchive:
    return mocked(BinanceArchive, vendor, base_url="https://archive.test")


def of_day(vendor: Vendor) -> Measured:
    return asked(
        an_archive(vendor),
        lambda archive: metrics_of_day(archive, "BTCUSDT", "BTC-USDT-PERP", day=DAY),
    )


def test_a_days_file_gives_the_rows_of_whole_hours_as_ends_of_the_hours_before():
    found = of_day(serving(shelf(path_of(DAY), FILE)))
    assert found.frame.schema == OPEN_INTEREST_SCHEMA
    assert found.frame.row(0, named=True) == {
        "ts": MIDNIGHT,
        "available_at": MIDNIGHT + HOUR + timedelta(milliseconds=1),
        "venue": "binance",
        "symbol": "BTC-USDT-PERP",
        "coin": "BTC",
        "margin_type": "linear",
        "open_interest_contracts": None,
        "open_interest_base": 76_750.5,
        "open_interest_usd": 6_140_040_000.0,
    }
    assert found.frame["ts"].to_list() == [MIDNIGHT + n * HOUR for n in (0, 2, 23)]


def test_rows_that_repeat_or_are_blank_and_hours_without_a_row_are_counted():
    found = of_day(serving(shelf(path_of(DAY), FILE)))
    assert found.left_out == {"blank": 1, "duplicate": 1, "hours_missing": 21}
    assert found.frame["open_interest_base"][1] == 76_800.25  # the later of two


def test_a_file_without_a_header_line_reads_the_same():
    points, lost = read_metrics(FILE.partition(b"\n")[2], "BTCUSDT", DAY)
    with_header = read_metrics(FILE, "BTCUSDT", DAY)
    assert points.equals(with_header[0])
    assert lost == with_header[1]


def test_columns_in_another_order_and_new_ones_are_no_error():
    rows = pl.read_csv(FILE, infer_schema=False)
    moved = rows.select(pl.lit("1").alias("new"), *reversed(rows.columns)).write_csv().encode()
    assert read_metrics(moved, "BTCUSDT", DAY)[0].equals(read_metrics(FILE, "BTCUSDT", DAY)[0])


def test_labels_that_are_the_starts_of_the_five_minutes_are_told_by_the_first_midnight():
    # 2026-06-25 and later: 00:00 to 23:55, each row the state five minutes after its label
    starts = rows(
        ("2026-02-03 00:00:00", "1", "10"),
        ("2026-02-03 00:55:00", "2", "20"),
        ("2026-02-03 01:00:00", "3", "30"),
        ("2026-02-03 23:55:00", "4", "40"),
    )
    points, lost = read_metrics(starts, "BTCUSDT", DAY)
    hour = round(MIDNIGHT.timestamp() * 1000) + 3_600_000
    assert points.rows() == [(hour, 2.0, 20.0), (hour + 23 * 3_600_000, 4.0, 40.0)]
    assert lost == {"hours_missing": 22}


def test_both_layouts_of_one_day_are_the_same_rows():
    every = [MIDNIGHT + timedelta(minutes=5 * n) for n in range(1, 289)]
    ends = rows(*((f"{at:%F %T}", f"{n}", f"{10 * n}") for n, at in enumerate(every)))
    starts = rows(
        *((f"{at - timedelta(minutes=5):%F %T}", f"{n}", f"{10 * n}") for n, at in enumerate(every))
    )
    points, lost = read_metrics(ends, "BTCUSDT", DAY)
    assert points.height == 24
    assert read_metrics(starts, "BTCUSDT", DAY)[0].equals(points)
    assert lost == {}
    assert points["sum_open_interest"].to_list() == [12.0 * n - 1 for n in range(1, 25)]


@pytest.mark.parametrize(
    "labels",
    [
        ("2026-02-03 00:05:00", "2026-02-03 01:00:00", "2026-02-03 23:55:00"),
        ("2026-02-03 00:00:00", "2026-02-03 01:00:00", "2026-02-04 00:00:00"),
    ],
    ids=["neither midnight", "both midnights"],
)
def test_a_day_that_can_be_read_both_ways_is_refused(labels):
    csv = rows(*((label, "1", "2") for label in labels))
    with pytest.raises(UnexpectedShape, match="starts or the ends"):
        read_metrics(csv, "BTCUSDT", DAY)
    with pytest.raises(PayloadChanged, match="starts or the ends"):
        of_day(serving(shelf(path_of(DAY), csv)))


LAST = ("2026-02-04 00:00:00", "1", "2")


def rows(*lines: tuple[str, str, str], symbol: str = "BTCUSDT") -> bytes:
    text = [f"{when},{symbol},{base},{value},1,1,1,1" for when, base, value in lines]
    return b"\n".join([HEADER, *(line.encode() for line in text)])


@pytest.mark.parametrize(
    ("csv", "fault"),
    [
        (rows(("2026-02-05 01:00:00", "1", "2")), "not of 2026-02-03"),
        (rows(("2026-02-02 23:55:00", "1", "2")), "not of 2026-02-03"),
        (rows(("1770076800000", "1", "2")), "not of 2026-02-03"),
        (rows(("", "1", "2")), "not of 2026-02-03"),
        (rows(("2026-02-03 01:00:00", "much", "2")), "no number"),
        (rows(("2026-02-03 01:00:00", "1", "2"), symbol="ETHUSDT"), "not of BTCUSDT"),
        (b"create_time,symbol,open_interest\n2026-02-03 01:00:00,BTCUSDT,1", "columns"),
        (b"2026-02-03 01:00:00,BTCUSDT,1", "columns"),
        (b"", "columns"),
        (
            rows(
                ("2026-02-03 00:00:00", "1", "2"),
                *((f"2026-02-03 {n // 12:02}:{n % 12 * 5:02}:02", "1", "2") for n in range(13)),
            ),
            "whole hours in 14 rows",
        ),
    ],
)
def test_a_file_that_breaks_a_promise_is_a_changed_payload(csv, fault):
    with pytest.raises(UnexpectedShape, match=fault):
        read_metrics(csv, "BTCUSDT", DAY)
    with pytest.raises(PayloadChanged, match=rf"metrics-2026-02-03.zip: .*{fault}"):
        of_day(serving(shelf(path_of(DAY), csv)))


def test_negative_open_interest_is_a_changed_payload():
    with pytest.raises(PayloadChanged, match="negative"):
        of_day(serving(shelf(path_of(DAY), rows(("2026-02-03 01:00:00", "-1", "2"), LAST))))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(404), NotPublished),
        (httpx.Response(429), VendorUnavailable),
        (httpx.Response(503), VendorUnavailable),
        (httpx.Response(200, text="<html>"), PayloadChanged),
    ],
)
def test_a_failure_is_never_an_empty_frame(answer, error):
    with pytest.raises(error, match="binance-archive"):
        of_day(lambda request: answer)


def whole_day(day: date) -> bytes:
    """All hours of the day, the open interest being the hour's number since 1970."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    ends = [start + n * HOUR for n in range(1, 25)]
    return rows(*((f"{end:%Y-%m-%d %H:%M:%S}", str(end.timestamp() / 3600), "9") for end in ends))


def by_rest(request: httpx.Request) -> httpx.Response:
    asked = request.url.params
    hours = range(-(-int(asked["startTime"]) // 3_600_000), int(asked["endTime"]) // 3_600_000 + 1)
    return httpx.Response(
        200,
        json=[
            {
                "symbol": asked["symbol"],
                "sumOpenInterest": str(hour),
                "sumOpenInterestValue": "9",
                "timestamp": hour * 3_600_000,
            }
            for hour in hours
        ],
    )


def collected(files: dict[str, bytes], start: datetime, end: datetime) -> Measured:
    async def run() -> Measured:
        binance = mocked(Binance, by_rest, base_url="https://b.test")
        async with binance, an_archive(serving(files)) as archive:
            return await collect_open_interest(
                binance,
                archive,
                {"BTCUSDT": "BTC-USDT-PERP"},
                start=start,
                end=end,
                now=MIDNIGHT + 30 * timedelta(days=1),
            )

    return asyncio.run(run())


def test_old_days_come_from_the_archive_and_the_last_27_by_rest_without_a_seam():
    days = [DAY + timedelta(days=n) for n in range(3)]
    files = {k: v for day in days for k, v in shelf(path_of(day), whole_day(day)).items()}
    start, end = MIDNIGHT + 5 * HOUR, MIDNIGHT + timedelta(days=5)
    found = collected(files, start, end)
    assert found.frame["ts"].to_list() == [start + n * HOUR for n in range(5 * 24 - 5)]
    expected = [each.timestamp() / 3600 + 1 for each in found.frame["ts"]]
    assert found.frame["open_interest_base"].to_list() == expected
    assert found.left_out == {}


def test_a_day_that_the_archive_does_not_have_is_counted():
    files = shelf(path_of(DAY), whole_day(DAY))
    found = collected(files, MIDNIGHT, MIDNIGHT + timedelta(days=2))
    assert found.frame.height == 24
    assert found.left_out == {"days_not_published": 1}


def test_files_of_both_layouts_join_without_a_hole_or_a_doubled_hour():
    next_day = DAY + timedelta(days=1)
    midnight = MIDNIGHT + 24 * HOUR
    labels = [midnight + n * timedelta(minutes=5) for n in range(288)]
    starts = rows(*((f"{label:%F %T}", "1", "2") for label in labels))
    files = {**shelf(path_of(DAY), whole_day(DAY)), **shelf(path_of(next_day), starts)}
    found = collected(files, MIDNIGHT, MIDNIGHT + timedelta(days=2))
    assert found.frame["ts"].to_list() == [MIDNIGHT + n * HOUR for n in range(48)]


def test_a_day_that_is_refused_is_named_and_the_other_days_come():
    next_day = DAY + timedelta(days=1)
    both_ways = rows(("2026-02-04 01:00:00", "1", "2"))
    files = {**shelf(path_of(DAY), whole_day(DAY)), **shelf(path_of(next_day), both_ways)}
    found = collected(files, MIDNIGHT, MIDNIGHT + timedelta(days=2))
    assert found.frame["ts"].dt.date().unique().to_list() == [DAY]
    assert found.left_out["days_refused"] == 1
    assert "2026-02-04" in found.failed["BTCUSDT"].reason
    assert "starts or the ends" in found.failed["BTCUSDT"].reason
