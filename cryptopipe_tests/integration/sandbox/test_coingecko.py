"""The stand-in's CoinGecko: plans and hosts, pages by 250, daily points of midnight."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import httpx
import pytest

from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 20, 12, 34, 56, 789000, tzinfo=UTC)
NOW_MS, MIDNIGHT, DAY = 1_795_178_096_789, 1_795_132_800_000, 86_400_000
USD = {"vs_currency": "usd"}
DEMO, PRO = {"x-cg-demo-api-key": "CG-mine"}, {"x-cg-pro-api-key": "CG-pro-mine"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with (
        Sandbox(SimulatedSource(), clock=lambda: NOW, enforce_limits=False) as sandbox,
        httpx.Client(base_url=sandbox.url, verify=False) as client,
    ):
        yield client


def get(client: httpx.Client, path: str, host: str = "coingecko", **options) -> httpx.Response:
    return client.get(f"/{host}/api/v3/{path}", **options)


def chart(client, coin: str, days, **options) -> dict:
    path = f"coins/{coin}/market_chart"
    return get(client, path, params={**USD, "days": days}, **options).raise_for_status().json()


@pytest.mark.parametrize(
    ("host", "headers", "status", "code"),
    [
        ("coingecko", {}, 200, None),
        ("coingecko", DEMO, 200, None),
        ("coingecko-pro", PRO, 200, None),
        ("coingecko", PRO, 400, 10010),
        ("coingecko", {"x-cg-demo-api-key": "CG-pro-mine"}, 400, 10010),
        ("coingecko-pro", DEMO, 400, 10011),
        ("coingecko-pro", {"x-cg-pro-api-key": "CG-mine"}, 400, 10011),
        ("coingecko-pro", {}, 401, 10002),
        ("coingecko", {"x-cg-demo-api-key": "wrong"}, 401, 10002),
    ],
)
def test_each_key_belongs_to_one_host(client, host, headers, status, code):
    answer = get(client, "ping", host, headers=headers)
    body = answer.json()
    assert answer.status_code == status
    if code is None:
        assert body == {"gecko_says": "(V3) To the Moon!"}
    else:
        assert body.get("error_code", body["status"].get("error_code")) == code
        assert body["status"]["error_message"]


@pytest.mark.parametrize(("headers", "limit"), [({}, 300), (DEMO, 100)])
def test_a_minute_holds_so_many_calls_of_a_plan_failed_ones_included(headers, limit):
    with (
        Sandbox(SimulatedSource(), clock=lambda: NOW) as own,
        httpx.Client(base_url=own.url, verify=False) as client,
    ):
        answers = [get(client, "coins/markets", headers=headers) for _ in range(limit + 1)]
    assert {each.status_code for each in answers[:limit]} == {422}
    assert answers[limit].status_code == 429
    assert answers[limit].json()["status"]["error_code"] == 429
    assert int(answers[limit].headers["Retry-After"]) <= 61


def test_markets_come_250_a_page_by_market_cap(client):
    params = {**USD, "per_page": 1000}  # cut to 250, as the vendor does
    first, second, third = (
        get(client, "coins/markets", params={**params, "page": page}).json() for page in (1, 2, 3)
    )
    assert (len(first), third) == (250, [])
    assert 0 < len(second) < 250
    assert [row["market_cap_rank"] for row in first] == list(range(1, 251))
    assert (second[-1]["market_cap_rank"], second[-1]["circulating_supply"]) == (None, 0.0)
    assert len(get(client, "coins/markets", params=USD).json()) == 100


def test_markets_by_id_tell_twins_and_namesakes_apart(client):
    ids = "bitcoin,wrapped-bitcoin,staked-ether,the-open-network,tontoken,nobody"
    rows = get(client, "coins/markets", params={**USD, "ids": ids}).json()
    found = {row["id"]: row for row in rows}
    assert sorted(found) == sorted(ids.split(",")[:-1])
    assert found["the-open-network"]["symbol"] == found["tontoken"]["symbol"] == "ton"
    assert found["wrapped-bitcoin"]["max_supply"] is None
    assert found["bitcoin"]["max_supply"] == 21_000_000
    assert found["bitcoin"]["last_updated"] == "2026-11-20T12:34:00.000Z"


def test_a_year_is_a_point_each_midnight_and_the_present_last(client):
    series = chart(client, "ethereum", 365)
    assert sorted(series) == ["market_caps", "prices", "total_volumes"]
    stamps = [stamp for stamp, _ in series["prices"]]
    assert stamps[-2:] == [MIDNIGHT, NOW_MS]
    assert stamps[:-1] == [MIDNIGHT - k * DAY for k in range(364, -1, -1)]
    assert [stamp for stamp, _ in series["market_caps"]] == stamps


def test_the_point_of_a_midnight_is_cmcs_close_of_the_day_before(client):
    prices = dict(map(tuple, chart(client, "solana", 365)["prices"]))
    caps = dict(map(tuple, chart(client, "solana", 365)["market_caps"]))
    path = "/coinmarketcap/v1/cryptocurrency/listings/historical"
    params = {"date": "2026-11-19", "limit": 30}
    rows = client.get(path, params=params, headers={"X-CMC_PRO_API_KEY": "any"}).json()["data"]
    [solana] = [row["quote"]["USD"] for row in rows if row["id"] == 5426]
    assert prices[MIDNIGHT] == solana["price"]
    assert caps[MIDNIGHT] == pytest.approx(solana["market_cap"], rel=1e-12)


@pytest.mark.parametrize(("days", "step"), [(1, 300_000), (2, 3_600_000), (90, 3_600_000)])
def test_short_charts_are_finer(client, days, step):
    stamps = [stamp for stamp, _ in chart(client, "bitcoin", days)["prices"]]
    assert {after - before for before, after in pairwise(stamps[:-1])} == {step}
    assert NOW_MS - days * DAY < stamps[0] <= NOW_MS - days * DAY + step


def test_the_market_cap_of_a_new_coin_is_zero_at_first(client):
    path = "/coinmarketcap/v1/cryptocurrency/listings/latest?limit=5000"
    rows = client.get(path, headers={"X-CMC_PRO_API_KEY": "any"}).json()["data"]
    young = next(row for row in rows if row["date_added"] > "2021" and row["id"] > 40_000)
    caps = chart(client, young["slug"], "max", host="coingecko-pro", headers=PRO)["market_caps"]
    zeros = [value == 0 for _, value in caps]
    assert 44 <= sum(zeros) <= 46
    assert zeros == sorted(zeros, reverse=True)


@pytest.mark.parametrize(("days", "hours"), [(1, 0.5), (14, 4), (30, 4), (90, 96), (365, 96)])
def test_candles_are_closed_and_stamped_with_their_close(client, days, hours):
    rows = get(client, "coins/bitcoin/ohlc", params={**USD, "days": days}).json()
    width = int(hours * 3_600_000)
    stamps = [row[0] for row in rows]
    assert {stamp % width for stamp in stamps} == {0}
    assert len(stamps) == NOW_MS // width - (NOW_MS - days * DAY) // width
    assert stamps[-1] <= NOW_MS < stamps[-1] + width
    assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c in rows)
    assert [row[1] for row in rows[1:]] == [row[4] for row in rows[:-1]]


def test_history_beyond_a_year_needs_a_paid_plan(client):
    for days in ("max", 366):
        path = "coins/bitcoin/market_chart"
        refused = get(client, path, params={**USD, "days": days}, headers=DEMO)
        assert refused.status_code == 401
        assert refused.json()["error"]["status"]["error_code"] == 10012
    everything = chart(client, "bitcoin", "max", host="coingecko-pro", headers=PRO)
    assert everything["prices"][0][0] == 1_567_382_400_000  # 2019-09-02: the world is one day old


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("coins/markets", 422),
        ("coins/markets?vs_currency=doge", 422),
        ("coins/markets?vs_currency=usd&page=0", 422),
        ("coins/bitcoin/market_chart?vs_currency=usd", 422),
        ("coins/bitcoin/ohlc?vs_currency=usd&days=13", 422),
        ("coins/bitcoin/ohlc?vs_currency=usd&days=30&interval=daily", 400),
        ("coins/nobody/market_chart?vs_currency=usd&days=1", 404),
        ("coins/terra-luna/market_chart?vs_currency=usd&days=1", 404),  # dropped in 2022
    ],
)
def test_a_wrong_question_is_refused(client, path, status):
    answer = get(client, path)
    assert answer.status_code == status
    assert answer.json()["error"]
