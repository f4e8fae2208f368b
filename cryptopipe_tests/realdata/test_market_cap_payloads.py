"""The parsers of both market-cap vendors on recorded answers, and what the two say of one instant.

Nothing here knows which coins or days are recorded; expectations are read from the files by
another route.
"""

import csv
import gzip
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
import pytest

from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.vendors.coingecko.parsing import read_candles, read_chart, read_coins
from cryptopipe_assets.vendors.coinmarketcap.parsing import closing, latest, read_listing
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

TODAY = datetime.now(UTC)

pytestmark = pytest.mark.realdata
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def found(folder: Path, pattern: str) -> list[Path]:
    """Recorded files, or a skip that says which are missing."""
    files = sorted(folder.glob(pattern))
    if not files:
        pytest.skip(f"no {pattern} in {folder}")
    return files


def loaded(path: Path) -> Any:
    body = path.read_bytes()
    return json.loads(gzip.decompress(body) if path.suffix == ".gz" else body)


def listing(coins: list[dict[str, Any]]) -> dict[str, Any]:
    return {"status": {"error_code": 0}, "data": coins}


def test_a_recorded_listing_is_read_number_by_number(realdata):
    [path] = found(realdata, "coinmarketcap/listings_latest_response.json")
    sent = {f"cmc:{coin['id']}": coin for coin in loaded(path)["data"]}
    raw = read_listing(loaded(path))
    frame = latest(raw, now=raw["ts"].max())
    assert frame.schema == MARKET_CAP_SCHEMA
    assert frame["coin_id"].to_list() == sorted(sent)
    for row in frame.iter_rows(named=True):
        coin = sent[row["coin_id"]]
        assert row["max_supply"] == coin["max_supply"]
        assert row["circulating_supply"] == coin["circulating_supply"]
        assert row["price_usd"] == coin["quote"]["USD"]["price"]
        assert row["ts"] == datetime.fromisoformat(coin["quote"]["USD"]["last_updated"])
        assert row["market_cap_usd"] == pytest.approx(
            row["price_usd"] * row["circulating_supply"], rel=1e-6
        )


def test_a_file_that_is_no_answer_of_the_vendor_is_refused(realdata):
    for path in found(realdata, "coinmarketcap/daily/*.json"):
        with pytest.raises(UnexpectedShape, match="Field required"):
            read_listing(loaded(path))


def test_recorded_daily_lists_come_through_in_the_vendors_envelope(realdata):
    for path in found(realdata, "coinmarketcap/daily/*.json"):
        file = loaded(path)
        coins = [as_coin(n, each, file["generated_at"]) for n, each in enumerate(file["coins"], 1)]
        raw = read_listing(listing(coins))
        frame = latest(raw, now=raw["ts"].max())
        expected = sorted(c["market_cap_usd"] for c in file["coins"] if c["market_cap_usd"])
        assert frame["market_cap_usd"].drop_nulls().sort().to_list() == expected
        assert frame["ts"].unique().len() == 1


def as_coin(number: int, each: dict[str, Any], at: str) -> dict[str, Any]:
    """A row of somebody's file as the vendor would have sent it."""
    usd = {
        "price": each["price_usd"],
        "market_cap": each["market_cap_usd"],
        "volume_24h": each["spot_volume_24h_usd"],
        "last_updated": at,
    }
    supplies = dict.fromkeys(("circulating_supply", "total_supply", "max_supply"))
    names = {"name": each["name"], "symbol": each["symbol"], "cmc_rank": each["rank"]}
    return {"id": number, **names, **supplies, "quote": {"USD": usd}}


def monthly(realdata: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of the recorded snapshots by their label."""
    [path] = found(realdata, "coinmarketcap/monthly_snapshots_*.csv.gz")
    days: dict[str, list[dict[str, str]]] = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            days.setdefault(row["snapshot_date"], []).append(row)
    return days


def as_snapshot(row: dict[str, str], number: int, at: datetime) -> dict[str, Any]:
    usd = {
        "price": float(row["Price"]),
        "market_cap": float(row["Market Cap"] or 0),
        "volume_24h": float(row["Volume (24h)"] or 0),
        "last_updated": at.isoformat(),
    }
    circulating = float(row["Circulating Supply"] or 0)
    supplies = {"circulating_supply": circulating, "total_supply": None, "max_supply": None}
    names = {"name": row["Name"], "symbol": row["Symbol"], "cmc_rank": int(row["Rank"])}
    return {"id": number, **names, **supplies, "quote": {"USD": usd}}


@pytest.fixture(scope="module")
def snapshots(realdata) -> pl.DataFrame:
    """Every recorded snapshot through the parser of listings/historical."""
    frames = []
    for label, rows in monthly(realdata).items():
        day = datetime.strptime(label, "%Y%m%d").replace(tzinfo=UTC)
        coins = [as_snapshot(row, n, day + DAY / 2) for n, row in enumerate(rows, 1)]
        frames.append(closing(read_listing(listing(coins)), midnight=day + DAY))
    return pl.concat(frames)


def test_snapshots_keep_all_rows_but_those_without_a_price(realdata, snapshots):
    rows = [row for each in monthly(realdata).values() for row in each]
    assert snapshots.height == sum(float(row["Price"]) > 0 for row in rows)
    assert (snapshots["price_usd"] > 0).all()
    assert snapshots["coin"].str.to_uppercase().equals(snapshots["coin"])


def test_both_vendors_agree_on_the_instant_and_not_on_the_label(realdata, snapshots):
    """A snapshot labelled D is CoinGecko's point at D+1 00:00, and not the one at D 00:00."""
    [path] = found(realdata, "coingecko/market_chart/bitcoin.json.gz")
    chart = read_chart(loaded(path), "bitcoin", coin="BTC", name=None, is_daily=True, now=TODAY)
    price = dict(chart.select("ts", "price_usd").iter_rows())
    ours = snapshots.filter(coin="BTC").select("ts", "price_usd")
    pairs = [(p, price[ts], price[ts - DAY]) for ts, p in ours.iter_rows() if ts in price]
    if len(pairs) < 12:
        pytest.skip("the recorded snapshots and the chart share less than a year")
    at_the_instant = median(abs(math.log(a / b)) for a, b, _ in pairs)
    by_the_label = median(abs(math.log(a / c)) for a, _, c in pairs)
    assert at_the_instant < 0.002
    assert by_the_label > 5 * at_the_instant


def test_recorded_coins_are_read_and_zeros_become_null(realdata):
    for path in found(realdata, "coingecko/coins_markets_response_*.json"):
        sent = {f"coingecko:{coin['id']}": coin for coin in loaded(path)}
        updated = max(datetime.fromisoformat(each["last_updated"]) for each in sent.values())
        frame = read_coins(loaded(path), now=updated)
        assert frame["coin_id"].to_list() == sorted(sent)
        for name, field in (
            ("market_cap_usd", "market_cap"),
            ("circulating_supply", "circulating_supply"),
            ("total_supply", "total_supply"),
            ("max_supply", "max_supply"),
        ):
            said = [sent[each][field] or None for each in frame["coin_id"]]
            assert frame[name].to_list() == said


def test_recorded_charts_keep_every_midnight_and_lose_every_zero_cap(realdata):
    for path in found(realdata, "coingecko/market_chart/*.json.gz"):
        sent, slug = loaded(path), path.name.split(".")[0]
        frame = read_chart(sent, slug, coin="X", name=None, is_daily=True, now=TODAY)
        midnights = sorted(t for t, _ in sent["prices"] if t % 86_400_000 == 0)
        assert [round(ts.timestamp() * 1000) for ts in frame["ts"]] == midnights
        caps = [cap for t, cap in sent["market_caps"] if t % 86_400_000 == 0]
        assert frame["market_cap_usd"].null_count() == sum(not cap for cap in caps)


def test_a_candle_is_stamped_with_its_close_as_the_chart_shows(realdata):
    for path in found(realdata, "coingecko/ohlc_daily/*.json.gz"):
        chart_path = realdata / "coingecko" / "market_chart" / path.name
        if not chart_path.exists():
            continue
        slug = path.name.split(".")[0]
        candles = read_candles(loaded(path), slug, width=DAY, now=LATER)
        chart = read_chart(loaded(chart_path), slug, coin="X", name=None, is_daily=True, now=TODAY)
        price = dict(chart.select("ts", "price_usd").iter_rows())
        closes = [
            abs(math.log(close / price[opened + timedelta(days=1)]))
            for opened, close in candles.select("ts", "close").iter_rows()
            if opened + timedelta(days=1) in price
        ]
        assert closes
        assert median(closes) < 1e-3
        assert candles["ts"].is_unique().all()
