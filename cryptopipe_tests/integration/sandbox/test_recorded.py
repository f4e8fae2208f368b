"""The recorded source on small folders of our own making: gaps, odd months, damage."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox

MARCH = 1_772_323_200_000  # 2026-03-01 00:00 UTC
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


def bar(opened: int, width: int = MINUTE) -> str:
    numbers = "0.1030,0.10400,0.1000,0.1010,7.50"  # spellings that arithmetic would lose
    return f"{opened},{numbers},{opened + width - 1},0.75000,3,2.5,0.250,0"


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / "binance" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@contextmanager
def served(folder: Path, now: int = MARCH + 300 * DAY) -> Iterator[httpx.Client]:
    source = RecordedSource(folder, clock=lambda: datetime.fromtimestamp(now / 1000, UTC))
    with Sandbox(source) as sandbox, httpx.Client(base_url=sandbox.url, verify=False) as client:
        yield client


def klines(client: httpx.Client, symbol: str, **params) -> httpx.Response:
    asked = {"symbol": symbol, "interval": "1m", **params}
    return client.get("/binance/fapi/v1/klines", params=asked)


def opens(client: httpx.Client, symbol: str, **params) -> list[int]:
    return [row[0] for row in klines(client, symbol, **params).raise_for_status().json()]


def archived(client: httpx.Client, path: str) -> httpx.Response:
    return client.get(f"/binance-archive/data/futures/um/{path}")


@pytest.fixture
def two_months(tmp_path) -> Path:
    """The last two minutes of February, and March from 00:05 with a hole; one has no header."""
    write(
        tmp_path,
        "um-klines-1m/ABCUSDC-1m-2026-02.csv.gz",
        *map(bar, [MARCH - 2 * MINUTE, MARCH - MINUTE]),
    )
    later = [MARCH + k * MINUTE for k in (5, 6, 9)]
    write(tmp_path, "um-klines-1m/ABCUSDC-1m-2026-03.csv.gz", HEADER, *map(bar, later))
    return tmp_path


def test_numbers_pass_through_as_they_were_spelled(two_months):
    with served(two_months) as client:
        row = klines(client, "ABCUSDC", limit=1, startTime=MARCH).json()[0]
    first = MARCH + 5 * MINUTE
    assert row == [
        *[first, "0.1030", "0.10400", "0.1000", "0.1010", "7.50"],
        *[first + 59_999, "0.75000", 3, "2.5", "0.250", "0"],
    ]


def test_pages_run_across_months_and_holes(two_months):
    with served(two_months) as client:
        everything = opens(client, "ABCUSDC")
        assert everything == [MARCH + k * MINUTE for k in (-2, -1, 5, 6, 9)]
        assert opens(client, "ABCUSDC", limit=4) == everything[-4:]
        assert opens(client, "ABCUSDC", limit=4, startTime=0) == everything[:4]
        assert opens(client, "ABCUSDC", limit=2, endTime=MARCH + 5 * MINUTE) == everything[1:3]
        assert opens(client, "ABCUSDC", startTime=MARCH, endTime=MARCH + 4 * MINUTE) == []


def test_nothing_is_shown_before_its_minute_has_closed(two_months):
    with served(two_months, now=MARCH + 6 * MINUTE + 30_000) as client:
        assert opens(client, "ABCUSDC")[-1] == MARCH + 5 * MINUTE


def test_exchange_info_is_derived_from_the_files(two_months):
    write(two_months, "funding/XYZUSDT.csv", "timestamp,symbol,funding_rate", f"{MARCH},XYZUSDT,0")
    with served(two_months) as client:
        first, second = client.get("/binance/fapi/v1/exchangeInfo").json()["symbols"]
    assert (first["symbol"], first["onboardDate"]) == ("ABCUSDC", MARCH - 2 * MINUTE)
    assert (first["baseAsset"], first["quoteAsset"]) == ("ABC", "USDC")
    assert (first["pricePrecision"], first["quantityPrecision"]) == (4, 2)
    assert (second["symbol"], second["onboardDate"]) == ("XYZUSDT", MARCH)
    assert (first["status"], second["status"]) == ("TRADING", "TRADING")


def test_the_archive_serves_recorded_months_and_their_days(two_months):
    with served(two_months) as client:
        folder = "klines/ABCUSDC/1m/ABCUSDC-1m"
        assert archived(client, f"monthly/{folder}-2026-03.zip").status_code == 200
        assert archived(client, f"daily/{folder}-2026-03-01.zip").status_code == 200
        assert archived(client, f"daily/{folder}-2026-02-28.zip").status_code == 200
        assert archived(client, f"daily/{folder}-2026-03-02.zip").status_code == 404
        assert archived(client, f"monthly/{folder}-2026-04.zip").status_code == 404


def test_the_last_row_of_an_hourly_capture_is_served_only_while_it_forms(tmp_path):
    header = "timestamp,open,high,low,close,volume,quote_volume,trades,close_time"
    rows = [f"{MARCH + k * HOUR},1,2,0.50,1.5,9,13,4,{MARCH + (k + 1) * HOUR - 1}" for k in (0, 1)]
    write(tmp_path, "um-klines-1h/ABCUSDT.csv.gz", header, *rows)
    with served(tmp_path, now=MARCH + HOUR + 5) as client:
        first, forming = klines(client, "ABCUSDT", interval="1h").json()
    assert forming[0] == MARCH + HOUR
    # taker columns were not recorded, so they are empty rather than invented
    assert first == [MARCH, "1", "2", "0.50", "1.5", "9", MARCH + HOUR - 1, "13", 4, "", "", "0"]
    with served(tmp_path) as client:
        assert opens(client, "ABCUSDT", interval="1h") == [MARCH]


def funding(folder: Path, symbol: str, hours: list[int]) -> Path:
    rows = [f"{MARCH + hour * HOUR + hour % 7},{symbol},0.00010000" for hour in hours]
    return write(folder, f"funding/{symbol}.csv", "timestamp,symbol,funding_rate", *rows)


def test_recorded_settlements_are_served_with_the_stamp_they_had(tmp_path):
    funding(tmp_path, "ABCUSDT", [0, 8, 16])
    with served(tmp_path) as client:
        rows = client.get("/binance/fapi/v1/fundingRate", params={"symbol": "ABCUSDT"}).json()
    assert [row["fundingTime"] for row in rows] == [
        MARCH,
        MARCH + 8 * HOUR + 1,
        MARCH + 16 * HOUR + 2,
    ]
    assert {row["markPrice"] for row in rows} == {""}


def test_funding_info_reads_the_interval_off_the_last_settlements(tmp_path):
    funding(tmp_path, "EIGHTUSDT", [0, 8, 16])
    funding(tmp_path, "FOURUSDT", [0, 8, 12])
    funding(tmp_path, "HOLEUSDT", [0, 1, 2, 25])
    with served(tmp_path) as client:
        rows = client.get("/binance/fapi/v1/fundingInfo").json()
    hours = {row["symbol"]: row["fundingIntervalHours"] for row in rows}
    assert hours == {"EIGHTUSDT": 8, "FOURUSDT": 4, "HOLEUSDT": 1}


@pytest.mark.parametrize(
    ("hours", "status"),
    [
        (range(0, 31 * 24, 8), 200),
        (range(-8, 32 * 24, 8), 200),
        ([*range(0, 240, 8), *range(240, 744, 4)], 200),  # the interval changed on the way
        (range(8, 744, 8), 404),  # starts late
        (range(0, 720, 8), 404),  # ends early
        ([*range(0, 240, 8), *range(256, 760, 8)], 404),  # a day's hole
        ([*range(0, 240, 4), *range(244, 748, 4)], 404),  # one settlement missing
    ],
)
def test_a_funding_month_is_published_only_when_it_is_whole(tmp_path, hours, status):
    funding(tmp_path, "ABCUSDT", list(hours))
    with served(tmp_path) as client:
        file = "monthly/fundingRate/ABCUSDT/ABCUSDT-fundingRate-2026-03.zip"
        assert archived(client, file).status_code == status


def zipped(*lines: str) -> bytes:
    return gzip.compress("\n".join(lines).encode())


DAMAGE = {
    "cut off": zipped(bar(MARCH))[:-20],
    "no gzip": b"hello",
    "a word for a number": zipped(bar(MARCH), bar(MARCH + MINUTE).replace("0.1030", "none")),
    "a column short": zipped(bar(MARCH), bar(MARCH + MINUTE)[:-2]),
    "two bars at once": zipped(bar(MARCH), bar(MARCH).replace("7.50", "8")),
    "off the grid": zipped(bar(MARCH), bar(MARCH + 1)),
    "of another month": zipped(bar(MARCH - MINUTE)),
    "empty": zipped(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_recording_is_a_500_that_names_the_file(tmp_path, damage):
    path = write(tmp_path, "um-klines-1m/ABCUSDT-1m-2026-03.csv.gz", *map(bar, [MARCH]))
    write(tmp_path, "um-klines-1m/FINEUSDT-1m-2026-03.csv.gz", *map(bar, [MARCH]))
    path.write_bytes(damage)
    file = "monthly/klines/ABCUSDT/1m/ABCUSDT-1m-2026-03.zip"
    with served(tmp_path) as client:
        for answer in (klines(client, "ABCUSDT"), archived(client, file)):
            assert answer.status_code == 500
            assert "um-klines-1m/ABCUSDT-1m-2026-03.csv.gz" in answer.json()["msg"]
        assert opens(client, "FINEUSDT") == [MARCH]


def test_a_damaged_funding_file_is_a_500_that_names_it(tmp_path):
    path = funding(tmp_path, "ABCUSDT", [0, 8])
    path.write_text(
        f"timestamp,symbol,funding_rate\n{MARCH},ABCUSDT,0.1\noops\n{MARCH + DAY},ABCUSDT,0\n"
    )
    with served(tmp_path) as client:
        answer = client.get("/binance/fapi/v1/fundingRate", params={"symbol": "ABCUSDT"})
    assert answer.status_code == 500
    assert "funding/ABCUSDT.csv" in answer.json()["msg"]


def test_coverage_tells_first_and_last_recorded_instant(two_months):
    funding(two_months, "XYZUSDT", [0, 8])
    write(two_months, "um-klines-1h/HOURUSDT.csv.gz", bar(MARCH, HOUR))
    first, last = (
        datetime(2026, 2, 28, 23, 58, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 9, tzinfo=UTC),
    )
    assert RecordedSource(two_months).coverage() == {
        "ohlcv_1m": {"ABCUSDC": (first, last)},
        "funding_rate": {
            "XYZUSDT": (
                datetime(2026, 3, 1, tzinfo=UTC),
                datetime(2026, 3, 1, 8, 0, 0, 1000, tzinfo=UTC),
            )
        },
    }


def test_the_present_was_not_recorded(two_months):
    with served(two_months) as client:
        for path in ("premiumIndex", "openInterest?symbol=ABCUSDC"):
            assert client.get(f"/binance/fapi/v1/{path}").status_code == 404
