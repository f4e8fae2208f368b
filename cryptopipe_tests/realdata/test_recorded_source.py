"""The recorded source on real recordings: whatever is in the folder comes out as it went in."""

import gzip
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def client(realdata) -> Iterator[httpx.Client]:
    with (
        Sandbox(RecordedSource(realdata), enforce_limits=False) as sandbox,
        httpx.Client(base_url=sandbox.url) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def month(realdata) -> Path:
    """One recorded month of minutes."""
    files = sorted((realdata / "binance" / "um-klines-1m").glob("*.csv.gz"))
    if not files:
        pytest.skip("the recorded data has no um-klines-1m")
    return files[0]


def recorded(path: Path) -> list[str]:
    """Rows of a file, whether or not it has a header."""
    lines = gzip.decompress(path.read_bytes()).decode().split()
    return lines if lines[0][0].isdigit() else lines[1:]


def test_paging_through_rest_gives_the_file_back_line_by_line(client, month):
    symbol, lines = month.name.split("-")[0], recorded(month)
    asked = {"symbol": symbol, "interval": "1m", "limit": 1500}
    start, last, found = int(lines[0].split(",")[0]), int(lines[-1].split(",")[0]), []
    while start <= last:
        params = {**asked, "startTime": start, "endTime": last}
        page = client.get("/binance/fapi/v1/klines", params=params).raise_for_status().json()
        assert page
        found += [",".join(map(str, row)) for row in page]
        start = page[-1][0] + 1
    assert found == lines


def test_the_monthly_zip_is_the_recording_and_its_checksum_fits(client, month):
    name = month.name.removesuffix(".csv.gz")
    symbol = name.split("-")[0]
    path = f"/binance-archive/data/futures/um/monthly/klines/{symbol}/1m/{name}.zip"
    content = client.get(path).raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = archive.read(f"{name}.csv").decode().split()
    assert [row for row in rows if row[0].isdigit()] == recorded(month)
    digest = hashlib.sha256(content).hexdigest()
    assert client.get(f"{path}.CHECKSUM").text == f"{digest}  {name}.zip\n"


def test_the_daily_zips_of_the_month_are_its_slices(client, month):
    symbol, _, label = month.name.removesuffix(".csv.gz").split("-", 2)
    day = datetime.fromisoformat(f"{label}-01T00:00:00+00:00")
    found = []
    for _ in range(31):
        name = f"{symbol}-1m-{day:%Y-%m-%d}"
        answer = client.get(f"/binance-archive/data/futures/um/daily/klines/{symbol}/1m/{name}.zip")
        if answer.status_code == 200 and f"{day:%Y-%m}" == label:
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                found += archive.read(f"{name}.csv").decode().split()
        day += timedelta(days=1)
    assert [row for row in found if row[0].isdigit()] == recorded(month)


def test_every_settlement_of_every_file_is_served(client, realdata):
    files = sorted((realdata / "binance" / "funding").glob("*.csv"))
    assert files
    for path in files:
        frame = pl.read_csv(path, schema_overrides={"funding_rate": pl.String})
        params = {"symbol": path.stem, "startTime": 0, "limit": 1000}
        rows = client.get("/binance/fapi/v1/fundingRate", params=params).raise_for_status().json()
        expected = frame.sort("timestamp").head(1000)
        assert [row["fundingTime"] for row in rows] == expected["timestamp"].to_list()
        assert [row["fundingRate"] for row in rows] == expected["funding_rate"].to_list()


def test_coverage_agrees_with_reading_the_files_whole(realdata):
    coverage = RecordedSource(realdata).coverage()
    minutes: dict[str, list[int]] = {}
    for path in sorted((realdata / "binance" / "um-klines-1m").glob("*.csv.gz")):
        times = [int(line.split(",")[0]) for line in recorded(path)]
        minutes.setdefault(path.name.split("-")[0], []).extend(times)
    assert coverage["ohlcv_1m"] == {
        symbol: tuple(datetime.fromtimestamp(edge(times) / 1000, UTC) for edge in (min, max))
        for symbol, times in minutes.items()
    }
    assert sorted(coverage["funding_rate"]) == sorted(
        path.stem for path in (realdata / "binance" / "funding").glob("*.csv")
    )


def test_every_recorded_symbol_is_listed_from_its_first_row(client, realdata):
    listed = {
        each["symbol"]: each["onboardDate"]
        for each in client.get("/binance/fapi/v1/exchangeInfo").raise_for_status().json()["symbols"]
    }
    for path in sorted((realdata / "binance" / "um-klines-1m").glob("*.csv.gz")):
        assert listed[path.name.split("-")[0]] <= int(recorded(path)[0].split(",")[0])
    for path in sorted((realdata / "binance" / "funding").glob("*.csv")):
        assert listed[path.stem] <= int(path.read_text().splitlines()[1].split(",")[0])
