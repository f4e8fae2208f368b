"""Recorded listings, charts and candles, served from small recordings of our own making."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.sandbox.server import Sandbox

MARCH = 1_772_323_200_000  # 2026-03-01 00:00 UTC
HOUR, DAY = 3_600_000, 86_400_000
CMC, CA = {"X-CMC_PRO_API_KEY": "k"}, {"api_key": "k"}
SNAPSHOT_COLUMNS = (
    "Rank,Name,Symbol,Market Cap,Price,Circulating Supply,Volume (24h),% 1h,% 24h,% 7d,"
    "snapshot_date"
)


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@contextmanager
def served(folder: Path, now: int = MARCH + 300 * DAY) -> Iterator[httpx.Client]:
    source = RecordedSource(folder, clock=lambda: datetime.fromtimestamp(now / 1000, UTC))
    with (
        Sandbox(source, enforce_limits=False) as sandbox,
        httpx.Client(base_url=sandbox.url, verify=False) as client,
    ):
        yield client


def data(client: httpx.Client, path: str) -> list[dict]:
    url = f"/coinmarketcap/v1/cryptocurrency/listings/{path}"
    return client.get(url, headers=CMC).raise_for_status().json()["data"]


@pytest.fixture
def listings(tmp_path) -> Path:
    write(
        tmp_path,
        "coinmarketcap/monthly_snapshots_x.csv.gz",
        SNAPSHOT_COLUMNS,
        "2,Aaa,AAA,50,5,10,1.5,0.1,0.2,0.3,20260301",
        "1,Bitcoin,BTC,900,90,10,2,0,0,0,20260301",
        "3,Aaa (old),AAA,4,2,2,1,0,0,0,20260301",
        "1,Bitcoin,BTC,800,80,10,2,0,0,0,20260401",
        "2,Aaa,AAA,60,6,10,2,0,0,0,20260401",
    )
    body = {
        "status": {"timestamp": "2026-03-05T12:00:00.000Z", "error_code": 0},
        "data": [{"id": 1, "name": "Bitcoin", "symbol": "BTC", "max_supply": None, "odd": [1]}],
    }
    write(tmp_path, "coinmarketcap/listings_latest_response.json", json.dumps(body))
    coin = {
        "symbol": "AAA",
        "name": "Aaa",
        "rank": 7,
        "price_usd": 5.5,
        "market_cap_usd": 55,
        "spot_volume_24h_usd": 3,
        "percent_change_7d": 1,
    }
    day = {"generated_at": "2026-03-06T01:02:03.456+00:00", "coins": [coin]}
    write(tmp_path, "coinmarketcap/daily/2026-03-06.json", json.dumps(day))
    write(
        tmp_path,
        "supply/dilution_1.csv",
        "rank,symbol,name,price,market_cap,circulating_supply,total_supply,max_supply,volume_24h,"
        "timestamp",
        "1,BTC,Bitcoin,90,900,10,11,,2,2026-03-07T00:00:01.5",
    )
    return tmp_path


def test_a_snapshot_answers_for_its_exact_day_in_ranks(listings):
    with served(listings) as client:
        first, second, third = data(client, "historical?date=2026-03-01")
        april = data(client, "historical?date=2026-04-01")
        path = "/coinmarketcap/v1/cryptocurrency/listings/historical?date=2026-03-02"
        between = client.get(path, headers=CMC)
    assert [row["cmc_rank"] for row in (first, second, third)] == [1, 2, 3]
    assert (first["id"], first["circulating_supply"], first["max_supply"]) == (1, 10.0, None)
    assert first["quote"]["USD"] == {
        "price": 90.0,
        "volume_24h": 2.0,
        "percent_change_1h": 0.0,
        "percent_change_24h": 0.0,
        "percent_change_7d": 0.0,
        "market_cap": 900.0,
        "last_updated": "2026-03-01T23:59:59.000Z",
    }
    assert (between.status_code, between.json()["status"]["error_code"]) == (400, 400)
    # One ticker, two coins: the usual name keeps its id from month to month.
    assert april[1]["id"] == second["id"] != third["id"]
    assert min(second["id"], third["id"]) >= 10_000_000
    with served(listings, now=MARCH + DAY - 1) as client:
        assert client.get(path.replace("-02", "-01"), headers=CMC).status_code == 400


def test_the_latest_listing_is_the_newest_capture(listings):
    at = {day: MARCH + (day - 1) * DAY + DAY - 1 for day in (4, 5, 6, 7)}
    with served(listings, now=at[4]) as client:
        assert data(client, "latest") == []
    with served(listings, now=at[5]) as client:
        [row] = data(client, "latest")
        assert row == {"id": 1, "name": "Bitcoin", "symbol": "BTC", "max_supply": None, "odd": [1]}
    with served(listings, now=at[6]) as client:
        [row] = data(client, "latest")
        assert (row["symbol"], row["cmc_rank"], row["circulating_supply"]) == ("AAA", 7, None)
        assert row["quote"]["USD"]["last_updated"] == "2026-03-06T01:02:03.456Z"
        assert row["id"] == data(client, "historical?date=2026-03-01")[1]["id"]
    with served(listings, now=at[7]) as client:
        [row] = data(client, "latest")
        assert (row["id"], row["total_supply"], row["max_supply"]) == (1, 11.0, None)


def test_coingecko_bodies_pass_through(tmp_path):
    rows = [{"id": "aaa", "symbol": "aaa", "last_updated": "2026-03-05T00:00:00.000Z", "odd": None}]
    write(tmp_path, "coingecko/coins_markets_response_1.json", json.dumps(rows))
    series = [[MARCH, 1.5], [MARCH + DAY, 2.5]]
    body = {"prices": series, "market_caps": [[MARCH, 0.0], [MARCH + DAY, 9]], "total_volumes": []}
    write(tmp_path, "coingecko/market_chart/aaa.json.gz", json.dumps(body))
    candles = [[MARCH, 1, 2, 0.5, 1.5], [MARCH, 1, 2, 0.5, 1.5], [MARCH + DAY, 1, 3, 1, 2]]
    write(tmp_path, "coingecko/ohlc_daily/aaa.json.gz", json.dumps(candles))
    pro = {"x-cg-pro-api-key": "pro"}
    with served(tmp_path, now=MARCH + 10 * DAY) as client:
        coins = client.get("/coingecko/api/v3/coins/markets?vs_currency=usd").json()
        url = "/coingecko-pro/api/v3/coins/aaa"
        whole = client.get(f"{url}/market_chart?vs_currency=usd&days=max", headers=pro).json()
        hourly = client.get(f"{url}/market_chart?vs_currency=usd&days=30", headers=pro)
        daily = f"{url}/ohlc?vs_currency=usd&days=max&interval=daily"
        recorded = client.get(daily, headers=pro).json()
        four_days = client.get(daily.removesuffix("&interval=daily"), headers=pro)
    assert coins == rows
    assert whole == body
    assert recorded == candles  # the doubled row was recorded, so it is served
    assert (hourly.status_code, four_days.status_code) == (404, 404)


def test_coinbase_days_come_back_newest_first(tmp_path):
    write(
        tmp_path,
        "coinbase_ohlcv_daily_x.csv.gz",
        "date,symbol,base,open,high,low,close,volume",
        "2026-03-01,AAA/USD,AAA,1,4,0.5,2,100.25",
        "2026-03-02,AAA/USD,AAA,2,3,1,2.5,7",
    )
    with served(tmp_path) as client:
        assert [each["id"] for each in client.get("/coinbase/products").json()] == ["AAA-USD"]
        path = (
            "/coinbase/products/AAA-USD/candles?granularity=86400&start=2026-02-01&end=2026-03-05"
        )
        rows = client.get(path).json()
    second = MARCH // 1000
    assert rows == [[second + 86_400, 1, 3, 2, 2.5, 7], [second, 0.5, 4, 1, 2, 100.25]]
