"""What other vendors told, served from small recordings of our own making."""

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cryptopipe_assets.core.errors import RequestError
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


def bars(client: httpx.Client, what: str, symbols: str, **params) -> list[dict]:
    window = {"interval": "daily", "from": 0, "to": MARCH // 1000 + 100 * 86_400}
    asked = {"symbols": symbols, **window, **params}
    return client.get(f"/coinalyze/v1/{what}-history", params=asked, headers=CA).json()


@pytest.fixture
def positions(tmp_path) -> Path:
    rows = [f"{MARCH + k * 4 * HOUR},ABCUSDT,{k}.50000000,{k}00.10" for k in range(1, 5)]
    header = "timestamp,symbol,sum_open_interest,sum_open_interest_value"
    write(tmp_path, "binance/open-interest-4h/ABCUSDT.csv", header, *rows)
    return tmp_path


def history(client: httpx.Client, **params) -> httpx.Response:
    asked = {"symbol": "ABCUSDT", "period": "4h", **params}
    return client.get("/binance/futures/data/openInterestHist", params=asked)


def test_recorded_points_pass_through_as_spelled_however_old(positions):
    with served(positions) as client:
        rows = history(client).json()
        assert rows[0] == {
            "symbol": "ABCUSDT",
            "sumOpenInterest": "1.50000000",
            "sumOpenInterestValue": "100.10",
            "timestamp": MARCH + 4 * HOUR,
        }
        assert len(rows) == 4
        assert history(client, startTime=0, limit=2).json() == rows[:2]
        assert history(client, limit=2).json() == rows[2:]
        assert history(client, endTime=MARCH + 8 * HOUR).json() == rows[:2]
        assert history(client, period="1h").json() == rows, "what was recorded at whole hours"
        missing = history(client, period="15m")
    assert missing.status_code == 404
    assert "recorded: 1h, 4h" in missing.json()["msg"]
    with served(positions, now=MARCH + 9 * HOUR) as client:
        assert history(client).json() == rows[:2]


def test_a_symbol_with_open_interest_only_is_listed_from_the_hour_that_its_first_point_ends(
    positions,
):
    with served(positions) as client:
        [listed] = client.get("/binance/fapi/v1/exchangeInfo").json()["symbols"]
    assert (listed["symbol"], listed["onboardDate"]) == ("ABCUSDT", MARCH + 3 * HOUR)


def test_the_present_of_other_venues_was_not_recorded(positions):
    with served(positions) as client:
        assert client.get("/bybit/v5/market/tickers?category=linear").status_code == 404
        assert client.get("/okx/api/v5/public/open-interest?instType=SWAP").status_code == 404
        assert client.post("/hyperliquid/info", json={"type": "meta"}).status_code == 404
        present = client.get("/coinalyze/v1/open-interest?symbols=XUSDT.6", headers=CA)
    assert present.json() == []


@pytest.fixture
def coinalyze(tmp_path) -> Path:
    second = MARCH // 1000
    write(
        tmp_path,
        "coinalyze/open_interest_daily_3.csv.gz",
        "coin_symbol,symbol,date,timestamp,oi_open,oi_high,oi_low,oi_close",
        f"BTC,BTCUSD_PERP.A,x,{second + 86_400},5,6.5,4,6",
        f"BTC,BTCUSD_PERP.A,x,{second},3,7,2.25,5",
        f"USDT,SOMIUSDT_PERP.A,x,{second},1,1,1,1",
    )
    write(
        tmp_path,
        "coinalyze/funding_rate_daily_2.csv",
        "symbol,timestamp,funding_rate,funding_rate_pct,fr_open,fr_high,fr_low",
        f"GT_USDT.Y,{second},0.01,1.0,0.02,0.03,-0.01",
    )
    return tmp_path


def test_recorded_days_come_in_order_and_funding_is_the_percent_that_was_recorded(coinalyze):
    second = MARCH // 1000
    with served(coinalyze) as client:
        everyone = "BTCUSD_PERP.A,SOMIUSDT_PERP.A,GT_USDT.Y"
        first, somi = bars(client, "open-interest", everyone, convert_to_usd="true")
        [funding] = bars(client, "funding-rate", everyone)
        native = bars(client, "open-interest", everyone)
        hours = bars(client, "open-interest", everyone, interval="1hour", convert_to_usd="true")
        liquidations = bars(client, "liquidation", everyone)
    assert first["history"] == [
        {"t": second, "o": 3.0, "h": 7.0, "l": 2.25, "c": 5.0},
        {"t": second + 86_400, "o": 5.0, "h": 6.5, "l": 4.0, "c": 6.0},
    ]
    assert somi["symbol"] == "SOMIUSDT_PERP.A"
    assert funding["history"] == [{"t": second, "o": 0.02, "h": 0.03, "l": -0.01, "c": 0.01}]
    assert [each["symbol"] for each in native] == ["BTCUSD_PERP.A"]  # its own unit is the dollar
    assert hours == liquidations == []


def test_a_recorded_day_is_shown_once_it_is_over(coinalyze):
    with served(coinalyze, now=MARCH + DAY) as client:
        [found] = bars(client, "open-interest", "BTCUSD_PERP.A", convert_to_usd="true")
    assert [bar["t"] for bar in found["history"]] == [MARCH // 1000]


def test_markets_are_told_from_their_spelling_not_from_the_recorders_guess(coinalyze):
    with served(coinalyze) as client:
        markets = client.get("/coinalyze/v1/future-markets", headers=CA).json()
    told = {
        each["symbol"]: (
            each["base_asset"],
            each["quote_asset"],
            each["margined"],
            each["exchange"],
        )
        for each in markets
    }
    assert told == {
        "BTCUSD_PERP.A": ("BTC", "USD", "COIN", "A"),
        "SOMIUSDT_PERP.A": ("SOMI", "USDT", "STABLE", "A"),
        "GT_USDT.Y": ("GT", "USDT", "STABLE", "Y"),
    }


@pytest.mark.parametrize(
    ("file", "text", "path", "headers"),
    [
        (
            "coinalyze/open_interest_daily_x.csv",
            "symbol,timestamp\nA,1",
            "/coinalyze/v1/future-markets",
            CA,
        ),
        (
            "coinmarketcap/monthly_snapshots_x.csv",
            f"{SNAPSHOT_COLUMNS}\n1,A,A,x,1,1,1,0,0,0,20260301",
            "/coinmarketcap/v1/cryptocurrency/listings/historical?date=2026-03-01",
            CMC,
        ),
        (
            "coinmarketcap/daily/x.json",
            "{}",
            "/coinmarketcap/v1/cryptocurrency/listings/latest",
            CMC,
        ),
        (
            "coingecko/coins_markets_response_x.json",
            "[{}]",
            "/coingecko/api/v3/coins/markets?vs_currency=usd",
            {},
        ),
        (
            "coingecko/market_chart/x.json.gz",
            "no gzip",
            "/coingecko/api/v3/coins/x/market_chart?vs_currency=usd&days=365",
            {},
        ),
        (
            "coinbase_ohlcv_daily_x.csv",
            "date,symbol,open,high,low,close,volume\nnever,A/USD,1,1,1,1,1",
            "/coinbase/products",
            {},
        ),
        (
            "binance/open-interest-4h/ABCUSDT.csv",
            "timestamp,symbol,sum_open_interest,sum_open_interest_value\n"
            f"{MARCH},ABCUSDT,1,1\n{MARCH},ABCUSDT,2,1",
            "/binance/futures/data/openInterestHist?symbol=ABCUSDT&period=4h",
            {},
        ),
    ],
)
def test_a_damaged_file_is_a_500_that_names_it(tmp_path, file, text, path, headers):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text)  # also where gzip is expected
    with served(tmp_path) as client:
        answer = client.get(path, headers=headers)
    assert answer.status_code == 500
    assert Path(file).name in answer.text


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        (
            "coinalyze/open_interest_daily_x.csv",
            "symbol,timestamp,oi_open,oi_high,oi_low,oi_close\nA.A,1759276800,1,1,x,1",
            "line 2: column oi_low: expected a number, found 'x'",
        ),
        (
            "coinalyze/funding_rate_daily_x.csv",
            "symbol,timestamp,fr_open,fr_high,fr_low,funding_rate\nA.A,1759276801,1,1,1,1",
            "line 2: column timestamp: expected the first second of a day",
        ),
        (
            "coinmarketcap/monthly_snapshots_x.csv",
            f"{SNAPSHOT_COLUMNS}\n1,A,A,1,1,1,1,0,0,0,20260301\n2,B,B,1,1,1,1,0,0,nan,20260301",
            "line 3: column % 7d: expected a number, found 'nan'",
        ),
        (
            "supply/dilution_x.csv",
            "rank,symbol,name,price,market_cap,circulating_supply,total_supply,max_supply,"
            "volume_24h,timestamp\n1,A,A,1,1,1,1,,1,yesterday",
            "line 2: column timestamp: expected an instant, found 'yesterday'",
        ),
        (
            "coinbase_ohlcv_daily_x.csv",
            "date,symbol,open,high,low,close,volume\nnever,A/USD,1,1,1,1,1",
            "line 2: column date: expected a date, found 'never'",
        ),
        (
            "coingecko/market_chart/x.json",
            f'{{"prices": [[{MARCH + HOUR}, 1], [{MARCH + DAY}, 1]], "market_caps": [], '
            '"total_volumes": []}',
            "prices[0]: expected 00:00 UTC, found 2026-03-01 01:00",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_named_by_line_and_column(tmp_path, file, text, fault):
    write(tmp_path, file, text)

    def read() -> None:
        source = RecordedSource(tmp_path)
        source.coverage()
        source.daily()

    with pytest.raises(RequestError, match=rf"{re.escape(Path(file).name)}.*{re.escape(fault)}"):
        read()


def test_coverage_names_symbols_and_coins_only_where_something_was_recorded(positions):
    before = RecordedSource(positions).coverage()
    assert before == {
        "ohlcv_1m": {},
        "funding_rate": {},
        "open_interest": {
            "ABCUSDT": (
                datetime(2026, 3, 1, 4, tzinfo=UTC),
                datetime(2026, 3, 1, 16, tzinfo=UTC),
            )
        },
    }
    write(
        positions,
        "coinmarketcap/monthly_snapshots_x.csv",
        SNAPSHOT_COLUMNS,
        "1,Aaa,AAA,50,5,10,1.5,0.1,0.2,0.3,20260301",
    )
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    after = RecordedSource(positions).coverage()
    assert after == {**before, "market_cap": {"AAA": (midnight, midnight)}}


def test_a_folder_of_any_one_vendor_is_enough(tmp_path):
    with pytest.raises(RequestError, match="no recording"):
        RecordedSource(tmp_path)
    write(tmp_path, "coinbase_ohlcv_daily_x.csv", "date,symbol,open,high,low,close,volume")
    assert RecordedSource(tmp_path).coverage() == {"ohlcv_1m": {}, "funding_rate": {}}
