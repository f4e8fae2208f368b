"""CoinMarketCap's listings and quotes. The vendor is a function; now is 2026-02-03 12:00."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import PayloadChanged, RequestError, VendorUnavailable
from cryptopipe_assets.vendors.coinmarketcap.client import CoinMarketCap
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA
from cryptopipe_tests.unit.vendors.conftest import Payloads, Vendor, asked, mocked

sent = Payloads("coinmarketcap").json
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
KEY = "k3y-that-nobody-may-see"


def cmc(vendor: Vendor, **options: Any) -> CoinMarketCap:
    return mocked(
        CoinMarketCap,
        vendor,
        base_url="https://cmc.test",
        api_key=SecretStr(KEY),
        clock=lambda: NOON,
        **{"attempts": 2, **options},
    )


def ask(
    client: CoinMarketCap, work: Callable[[CoinMarketCap], Awaitable[pl.DataFrame]]
) -> pl.DataFrame:
    return asked(client, work)


def listing(coins: list[dict[str, Any]], **status: Any) -> httpx.Response:
    known = {"error_code": 0, "error_message": None, "credit_count": 1}
    return httpx.Response(200, json={"status": {**known, **status}, "data": coins})


def paged(coins: list[dict[str, Any]]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer pages of ``coins`` as the vendor does, by start and limit."""

    def vendor(request: httpx.Request) -> httpx.Response:
        first, limit = (int(request.url.params[name]) for name in ("start", "limit"))
        return listing(coins[first - 1 : first - 1 + limit], credit_count=-(-limit // 200))

    return vendor


def test_a_listing_becomes_rows_by_the_vendors_id():
    def vendor(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/cryptocurrency/listings/latest"
        assert dict(request.url.params) == {"start": "1", "limit": "4", "convert": "USD"}
        assert request.headers["X-CMC_PRO_API_KEY"] == KEY
        return httpx.Response(200, json=sent("listings_latest.json"))

    frame = ask(cmc(vendor), lambda c: c.listings_latest(4))
    assert frame.schema == MARKET_CAP_SCHEMA
    assert frame["coin_id"].to_list() == ["cmc:1", "cmc:1027", "cmc:38000"]
    assert frame.row(0, named=True) == {
        "ts": datetime(2026, 2, 3, 11, 59, tzinfo=UTC),
        "available_at": datetime(2026, 2, 3, 11, 59, 0, 1000, tzinfo=UTC),
        "coin_id": "cmc:1",
        "coin": "BTC",
        "name": "Bitcoin",
        "rank": 1,
        "price_usd": 78000.5,
        "market_cap_usd": 1_560_010_000_000.0,
        "circulating_supply": 20_000_000.0,
        "total_supply": 20_000_000.0,
        "max_supply": 21_000_000.0,
        "volume_24h_usd": 31_000_000_000.0,
    }


def test_what_is_unknown_is_null_whether_the_vendor_writes_null_or_zero(caplog):
    frame = ask(cmc(lambda request: listing(sent("listings_latest.json")["data"])), latest(4))
    somnia = frame.filter(coin="SOMI").row(0, named=True)
    assert (somnia["market_cap_usd"], somnia["circulating_supply"]) == (None, None)
    assert (somnia["price_usd"], somnia["total_supply"]) == (0.4, 1e9)
    assert frame.filter(coin="ETH")["max_supply"].item() is None
    assert "1 rows are left out, without price or time" in caplog.text


def latest(limit: int) -> Callable[[CoinMarketCap], Awaitable[pl.DataFrame]]:
    return lambda client: client.listings_latest(limit)


def many(count: int) -> list[dict[str, Any]]:
    coin = sent("listings_latest.json")["data"][0]
    return [{**coin, "id": number, "cmc_rank": number} for number in range(1, count + 1)]


@pytest.mark.parametrize("cap", [5000, 100, 7])
def test_a_silent_page_cap_loses_nothing(cap):
    answer = paged(many(300))

    def vendor(request: httpx.Request) -> httpx.Response:
        limit = min(cap, int(request.url.params["limit"]))
        return answer(httpx.Request("GET", request.url.copy_set_param("limit", limit)))

    assert ask(cmc(vendor), latest(250))["rank"].sort().to_list() == list(range(1, 251))


def test_fewer_coins_than_asked_for_end_the_paging():
    client = cmc(paged(many(30)))
    assert ask(client, latest(250)).height == 30
    assert client.calls.total() == 2


def test_a_vendor_that_repeats_its_first_page_is_an_error_and_not_asked_for_ever():
    client = cmc(lambda request: listing(many(10)))
    with pytest.raises(VendorUnavailable, match="expected 250 coins, got 10, and then 10"):
        ask(client, latest(250))
    assert client.calls.total() == 2


def test_credits_are_counted_by_endpoint_as_the_vendor_counts_them():
    client = cmc(paged(many(500)))
    ask(client, latest(500))
    assert client.credits == {"/v1/cryptocurrency/listings/latest": 3}


def test_quotes_are_asked_by_id_a_hundred_at_a_time():
    sizes: list[int] = []
    coin = sent("quotes_latest.json")["data"]["1"]

    def vendor(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v2/cryptocurrency/quotes/latest"
        ids = request.url.params["id"].split(",")
        sizes.append(len(ids))
        data = {each: {**coin, "id": int(each)} for each in ids}
        return httpx.Response(200, json={"status": {"error_code": "0"}, "data": data})

    frame = ask(cmc(vendor), lambda c: c.quotes_latest([1027, *range(1, 151), 1027]))
    assert sizes == [100, 51]
    assert frame.height == 151
    assert frame["coin_id"].is_sorted()


@pytest.mark.parametrize("wrap", [lambda coin: coin, lambda coin: [coin]])
def test_a_quote_may_be_a_coin_or_a_list_of_one(wrap):
    data = {key: wrap(coin) for key, coin in sent("quotes_latest.json")["data"].items()}
    body = {"status": {"error_code": 0}, "data": data}
    frame = ask(
        cmc(lambda request: httpx.Response(200, json=body)), lambda c: c.quotes_latest([1, 1027])
    )
    assert frame["coin"].to_list() == ["BTC", "ETH"]


def test_a_coin_that_is_not_answered_is_named():
    body = sent("quotes_latest.json")
    with pytest.raises(VendorUnavailable, match=r"got none with the ids \[52\]"):
        ask(
            cmc(lambda request: httpx.Response(200, json=body)),
            lambda c: c.quotes_latest([1, 52, 1027]),
        )


def test_no_quotes_cost_no_call_and_have_the_whole_schema():
    client = cmc(lambda request: httpx.Response(500))
    assert ask(client, lambda c: c.quotes_latest([])).schema == MARKET_CAP_SCHEMA
    assert not client.calls


def test_a_past_day_is_stamped_with_its_end():
    def vendor(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/cryptocurrency/listings/historical"
        assert request.url.params["date"] == "2020-01-01"
        return httpx.Response(200, json=sent("listings_historical.json"))

    frame = ask(cmc(vendor), lambda c: c.listings_historical(date(2020, 1, 1), 2))
    assert frame["ts"].unique().to_list() == [datetime(2020, 1, 2, tzinfo=UTC)]
    assert frame["available_at"].unique().to_list() == [
        datetime(2020, 1, 2, 0, 0, 0, 1000, tzinfo=UTC)
    ]
    assert frame["market_cap_usd"].to_list() == [130580829149.587, 14271059633.07]


def test_values_from_after_the_day_are_not_taken_for_the_day():
    body = sent("listings_latest.json")  # a vendor that does not know the parameter `date`
    with pytest.raises(PayloadChanged, match=r"historical: expected values up to 2020-01-02"):
        ask(
            cmc(lambda request: httpx.Response(200, json=body)),
            lambda c: c.listings_historical(date(2020, 1, 1), 4),
        )


@pytest.mark.parametrize("day", [NOON.date(), NOON.date() + timedelta(days=1)])
def test_a_day_that_is_not_over_is_not_asked_for(day):
    client = cmc(lambda request: httpx.Response(500))
    with pytest.raises(RequestError, match="is not over"):
        ask(client, lambda c: c.listings_historical(day, 10))
    assert not client.calls


def test_a_listing_of_no_coins_is_no_listing():
    with pytest.raises(RequestError, match="at least 1 coin"):
        ask(cmc(lambda request: listing([])), latest(0))
    with pytest.raises(PayloadChanged, match="got an empty list"):
        ask(cmc(lambda request: listing([])), latest(5))
