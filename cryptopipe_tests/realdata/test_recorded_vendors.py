"""Recorded open interest, market caps and prices: whatever is in the folder comes out unaltered."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest

from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox

pytestmark = pytest.mark.realdata

CA, CMC = {"api_key": "k"}, {"X-CMC_PRO_API_KEY": "k"}
PRO = {"x-cg-pro-api-key": "pro"}
DAILY = {"interval": "daily", "from": 0, "to": 4_102_444_800}


@pytest.fixture(scope="module")
def client(realdata) -> Iterator[httpx.Client]:
    with (
        Sandbox(RecordedSource(realdata), enforce_limits=False) as sandbox,
        httpx.Client(base_url=sandbox.url, verify=False, timeout=30) as client,
    ):
        yield client


def files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        pytest.skip(f"the recorded data has no {pattern}")
    return found


def text(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()


def test_every_point_of_binances_open_interest_is_served_as_spelled(client, realdata):
    for path in files(realdata, "binance/open-interest-4h/*.csv"):
        frame = pl.read_csv(path, infer_schema=False).sort(pl.col("timestamp").cast(pl.Int64))
        params = {"symbol": path.stem, "period": "4h", "startTime": 0, "limit": 500}
        rows = client.get("/binance/futures/data/openInterestHist", params=params).json()
        assert [str(row["timestamp"]) for row in rows] == frame["timestamp"].to_list()[:500]
        for sent, recorded in (
            ("sumOpenInterest", "sum_open_interest"),
            ("sumOpenInterestValue", "sum_open_interest_value"),
        ):
            assert [row[sent] for row in rows] == frame[recorded].to_list()[:500]


@pytest.mark.parametrize(
    ("pattern", "endpoint", "close"),
    [
        ("open_interest_daily_*", "open-interest-history", "oi_close"),
        ("funding_rate_daily_*", "funding-rate-history", "funding_rate"),
    ],
)
def test_every_coinalyze_day_is_served(client, realdata, pattern, endpoint, close):
    frame = pl.concat(
        [
            pl.read_csv(io.StringIO(text(path))).select("symbol", "timestamp", close)
            for path in files(realdata, f"coinalyze/{pattern}")
        ]
    )
    for (symbol,), days in frame.sort("timestamp").group_by("symbol"):
        params = {"symbols": symbol, "convert_to_usd": "true", **DAILY}
        [found] = client.get(f"/coinalyze/v1/{endpoint}", params=params, headers=CA).json()
        assert [bar["t"] for bar in found["history"]] == days["timestamp"].to_list()
        assert [bar["c"] for bar in found["history"]] == days[close].to_list()


def test_the_market_of_somi_is_not_one_of_usdt(client, realdata):
    files(realdata, "coinalyze/open_interest_daily_10symbols.csv.gz")
    markets = client.get("/coinalyze/v1/future-markets", headers=CA).json()
    bases = {each["symbol"]: each["base_asset"] for each in markets}
    assert bases["SOMIUSDT_PERP.A"] == "SOMI"
    assert "USDT" not in bases.values()


def test_every_monthly_snapshot_is_served_whole_with_ids_of_its_own(client, realdata):
    path = "/coinmarketcap/v1/cryptocurrency/listings/historical"
    ids: dict[str, set[int]] = {}
    for file in files(realdata, "coinmarketcap/monthly_snapshots_*"):
        recorded = list(csv.DictReader(io.StringIO(text(file))))
        for day in sorted({row["snapshot_date"] for row in recorded}):
            expected = sorted(
                (row for row in recorded if row["snapshot_date"] == day),
                key=lambda row: int(row["Rank"]),
            )
            date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
            answer = client.get(path, params={"date": date, "limit": 5000}, headers=CMC)
            rows = answer.raise_for_status().json()["data"]
            assert [row["name"] for row in rows] == [row["Name"] for row in expected]
            supplies = [float(row["Circulating Supply"]) for row in expected]
            assert [row["circulating_supply"] for row in rows] == supplies
            caps = [float(row["Market Cap"]) for row in expected]
            assert [row["quote"]["USD"]["market_cap"] for row in rows] == caps
            assert len({row["id"] for row in rows}) == len(rows)
            for row in rows:
                ids.setdefault(row["symbol"], set()).add(row["id"])
    assert ids["BTC"] == {1}
    assert {symbol for symbol, several in ids.items() if len(several) > 1} <= {"BNX"}


def test_the_latest_listing_is_the_newest_recorded_one(client, realdata):
    path = files(realdata, "coinmarketcap/daily/*.json")[-1]
    coins = json.loads(path.read_text())["coins"]
    url = "/coinmarketcap/v1/cryptocurrency/listings/latest?limit=5000"
    rows = client.get(url, headers=CMC).json()["data"]
    prices = [coin["price_usd"] for coin in coins]
    assert [row["quote"]["USD"]["price"] for row in rows] == prices


def test_every_market_chart_is_served_point_by_point(client, realdata):
    for path in files(realdata, "coingecko/market_chart/*.json.gz"):
        coin = path.name.partition(".")[0]
        url = f"/coingecko-pro/api/v3/coins/{coin}/market_chart?vs_currency=usd&days=max"
        assert client.get(url, headers=PRO).json() == json.loads(text(path))


def test_every_coinbase_day_can_be_paged_through(client, realdata):
    [path] = files(realdata, "coinbase_ohlcv_daily*")
    frame = pl.read_csv(io.StringIO(text(path))).filter(pl.col("symbol") == "BTC/USD").sort("date")
    found, end = [], "2030-01-01"
    for year in range(2029, 2010, -1):
        for start in (f"{year}-07-01", f"{year}-01-01"):
            params = {"granularity": 86400, "start": start, "end": end}
            found += client.get("/coinbase/products/BTC-USD/candles", params=params).json()
            end = f"{start}T00:00:00Z"
    days = list({row[0]: row for row in found}.values())[::-1]
    assert [row[4] for row in days] == frame["close"].to_list()
    assert [row[5] for row in days] == frame["volume"].to_list()


def test_coverage_tells_which_symbols_and_coins_were_recorded(realdata):
    coverage = RecordedSource(realdata).coverage()
    recorded = {path.stem for path in files(realdata, "binance/open-interest-4h/*.csv")}
    assert recorded | {"BTCUSD_PERP.A"} <= coverage["open_interest"].keys()
    assert {"BTC", "bitcoin"} <= coverage["market_cap"].keys()
    assert all(first <= last for first, last in coverage["market_cap"].values())
