"""How the stand-in counts what it was asked, whoever the vendor is."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from cryptopipe_assets.sandbox.endpoints import apis, endpoint_of
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_tests.reference.endpoints import ENDPOINTS, NOT_ASKED


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/binance/futures/data/openInterestHist", ("binance", "openInterestHist")),
        (
            "/binance-archive/data/futures/um/daily/metrics/A/A-metrics-2024-01-01.zip.CHECKSUM",
            ("binance-archive", "metrics.CHECKSUM"),
        ),
        ("/bybit/v5/market/tickers", ("bybit", "market/tickers")),
        ("/okx/api/v5/public/open-interest", ("okx", "public/open-interest")),
        ("/hyperliquid/info", ("hyperliquid", "info")),
        ("/coinalyze/v1/open-interest-history", ("coinalyze", "open-interest-history")),
        (
            "/coinmarketcap/v1/cryptocurrency/listings/latest",
            ("coinmarketcap", "cryptocurrency/listings/latest"),
        ),
        ("/coingecko/api/v3/coins/markets", ("coingecko", "coins/markets")),
        ("/coingecko-pro/api/v3/coins/bitcoin/market_chart", ("coingecko", "coins/market_chart")),
        ("/coinbase/products/BTC-USD/candles", ("coinbase", "products/candles")),
        ("/_sandbox", None),
        ("/binance-archive/data/futures/um/daily", None),
        ("/", None),
    ],
)
def test_a_path_is_counted_by_vendor_and_endpoint(path, counted):
    assert endpoint_of(path) == counted


def test_every_vendor_is_counted_and_answers_where_the_routes_say():
    with (
        Sandbox(SimulatedSource(), enforce_limits=False) as sandbox,
        httpx.Client(base_url=sandbox.url, verify=False) as client,
    ):
        for path in (
            "/bybit/v5/market/instruments-info?category=inverse",
            "/okx/api/v5/public/instruments?instType=SWAP",
            "/coingecko/api/v3/ping",
            "/coinbase/products",
        ):
            client.get(path).raise_for_status()
        refused = client.get("/coinalyze/v1/future-markets")
    assert refused.status_code == 401
    assert sandbox.calls == {
        ("bybit", "market/instruments-info"): 1,
        ("okx", "public/instruments"): 1,
        ("coingecko", "ping"): 1,
        ("coinbase", "products"): 1,
        ("coinalyze", "future-markets"): 1,
    }


@pytest.mark.parametrize("year", [2020, 2021, 2049])
def test_every_vendor_answers_in_any_year(year):
    now = datetime(year, 2, 1, 9, 7, 5, tzinfo=UTC)
    day = f"{now - timedelta(days=20):%Y-%m-%d}"
    with (
        Sandbox(SimulatedSource(), clock=lambda: now, enforce_limits=False) as sandbox,
        httpx.Client(
            base_url=sandbox.url,
            verify=False,
            timeout=30,
            headers={"api_key": "k", "X-CMC_PRO_API_KEY": "k"},
        ) as client,
    ):
        window = f"from=0&to={int(now.timestamp())}"
        for path in (
            "/binance/futures/data/openInterestHist?symbol=BTCUSDT&period=1h",
            "/okx/api/v5/public/open-interest?instType=SWAP",
            "/okx/api/v5/market/tickers?instType=SWAP",
            "/bybit/v5/market/tickers?category=inverse",
            "/coinalyze/v1/open-interest-history?symbols=BTCUSDT_PERP.A&interval=4hour&" + window,
            "/coinalyze/v1/funding-rate-history?symbols=BTC-PERPETUAL.2,BTCUSD_PERP.0"
            "&interval=1hour&" + window,
            f"/coinmarketcap/v1/cryptocurrency/listings/historical?date={day}",
            "/coingecko/api/v3/coins/bitcoin/market_chart?vs_currency=usd&days=100",
            "/coinbase/products/BTC-USD/candles?granularity=86400",
        ):
            body = client.get(path).raise_for_status().json()
            assert body not in ([], {}), path
            assert "NaN" not in client.get(path).text, path


ARCHIVE = {("binance-archive", kind) for kind in ("klines", "fundingRate", "metrics")}
"""Its files have one route, whatever their kind."""


def served() -> set[tuple[str, str]]:
    """Every endpoint that the stand-in answers, as it counts them."""
    found = {
        (api.vendor, api.counted_as(path.strip("/").split("/")))
        for api in apis().values()
        for path in api.endpoints
    }
    return {each for each in found if each[1]} | ARCHIVE


def test_every_endpoint_that_the_stand_in_serves_is_in_the_table_of_endpoints_or_asked_by_nobody():
    asked = {each.counted for each in ENDPOINTS}
    assert served() == asked | set(NOT_ASKED)
    assert not asked & set(NOT_ASKED)
    assert len({each.name for each in ENDPOINTS}) == len(ENDPOINTS)
