"""The stand-in's bulk archive: the same bars as REST, published when the real one would."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox.routes.binance.archive import monthly
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


class Present:
    """The served world's clock, set by a test."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.instant


@pytest.fixture
def present() -> Present:
    return Present()


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource()


@pytest.fixture
def client(source, present) -> Iterator[httpx.Client]:
    with (
        Sandbox(source, clock=present, enforce_limits=False) as sandbox,
        httpx.Client(base_url=sandbox.url, verify=False) as client,
    ):
        yield client


def ask(client: httpx.Client, span: str, name: str) -> httpx.Response:
    symbol, kind, _ = name.split("-", 2)
    folder = "fundingRate" if kind == "fundingRate" else "klines"
    level = "" if kind == "fundingRate" else f"{kind}/"
    path = f"{span}/{folder}/{symbol}/{level}{name}.zip"
    return client.get(f"/binance-archive/data/futures/um/{path}")


def rows(client: httpx.Client, span: str, name: str) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(ask(client, span, name).raise_for_status().content)) as file:
        assert file.namelist() == [f"{name}.csv"]
        return file.read(f"{name}.csv").decode().splitlines()


def test_a_daily_file_holds_the_very_bars_that_rest_answers(client):
    header, *bars = rows(client, "daily", "SOLUSDT-1m-2026-11-18")
    assert header == HEADER
    assert len(bars) == 1440
    start = 1_794_960_000_000  # 2026-11-18
    params = {"symbol": "SOLUSDT", "interval": "1m", "startTime": start, "limit": 1440}
    answer = client.get("/binance/fapi/v1/klines", params=params).json()
    assert [",".join(map(str, row)) for row in answer] == bars


def test_a_monthly_file_is_its_days_one_after_another(client):
    days = [
        bar
        for day in range(1, 29)
        for bar in rows(client, "daily", f"ADAUSDT-1h-2026-02-{day:02}")[1:]
    ]
    assert rows(client, "monthly", "ADAUSDT-1h-2026-02")[1:] == days
    assert len(days) == 28 * 24


def test_the_checksum_beside_a_file_is_its_sha256(client):
    name = "BTCUSDT-1m-2026-11-18.zip"
    path = f"/binance-archive/data/futures/um/daily/klines/BTCUSDT/1m/{name}"
    digest = hashlib.sha256(client.get(path).content).hexdigest()
    assert client.get(f"{path}.CHECKSUM").text == f"{digest}  {name}\n"


def test_two_servers_of_one_seed_give_the_same_bytes(client):
    with (
        Sandbox(SimulatedSource()) as other,
        httpx.Client(base_url=other.url, verify=False) as second,
    ):
        name = "HYPEUSDT-1m-2026-11-18"
        assert ask(second, "daily", name).content == ask(client, "daily", name).content


def test_files_have_a_header_from_june_2022_on(client):
    assert rows(client, "daily", "BTCUSDT-1h-2022-05-31")[0][0] == "1"
    assert rows(client, "daily", "BTCUSDT-1h-2022-06-01")[0] == HEADER


@pytest.mark.parametrize(
    ("name", "span", "hidden", "shown"),
    [
        ("BTCUSDT-1m-2026-11-18", "daily", "2026-11-19T07:59:59", "2026-11-19T08:00:00"),
        # November 2026 begins on a Sunday: its first Monday is the 2nd.
        ("BTCUSDT-1h-2026-10", "monthly", "2026-11-02T07:59:59", "2026-11-02T08:00:00"),
        ("BTCUSDT-fundingRate-2026-10", "monthly", "2026-11-02T07:59:59", "2026-11-02T08:00:00"),
    ],
)
def test_a_file_appears_at_its_hour_and_not_before(client, present, name, span, hidden, shown):
    present.instant = datetime.fromisoformat(f"{hidden}+00:00")
    answer = ask(client, span, name)
    assert answer.status_code == 404
    assert "<Code>NoSuchKey</Code>" in answer.text
    present.instant = datetime.fromisoformat(f"{shown}+00:00")
    assert ask(client, span, name).status_code == 200


def test_a_month_whose_next_begins_on_a_monday_appears_that_day():
    assert date(2026, 6, 1).weekday() == 0
    appears = datetime(2026, 6, 1, 8, tzinfo=UTC).timestamp() * 1000
    assert monthly(date(2026, 5, 1)) == appears


def test_a_listing_day_starts_at_the_listing_minute_and_has_no_day_before(client):
    first = rows(client, "daily", "TONUSDT-1m-2026-09-01")[1]
    assert first.startswith("1788265800000,")  # 12:30
    assert len(rows(client, "daily", "TONUSDT-1m-2026-09-01")) == 1 + 690
    assert ask(client, "daily", "TONUSDT-1m-2026-08-31").status_code == 404
    assert ask(client, "monthly", "TONUSDT-1m-2026-08").status_code == 404


def test_a_delisted_contract_ends_with_its_last_minute(client):
    assert len(rows(client, "daily", "LUNAUSDT-1m-2022-05-13")) == 9  # 00:00 to 00:08, no header
    assert ask(client, "daily", "LUNAUSDT-1m-2022-05-14").status_code == 404


def test_a_funding_month_shows_the_interval_of_each_settlement(client):
    header, *settled = rows(client, "monthly", "DOGEUSDT-fundingRate-2025-03")
    assert header == "calc_time,funding_interval_hours,last_funding_rate"
    assert [row.split(",")[1] for row in settled[:3]] == ["8", "4", "4"]
    assert len(settled) == 31 * 6
    params = {"symbol": "DOGEUSDT", "startTime": 1_740_787_200_000, "limit": 3}
    answer = client.get("/binance/fapi/v1/fundingRate", params=params).json()
    assert [row.split(",")[::2] for row in settled[:3]] == [
        [str(each["fundingTime"]), each["fundingRate"]] for each in answer
    ]


@pytest.mark.parametrize(
    "key",
    [
        "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-02-31.zip",
        "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-20260210.zip",
        "data/futures/um/daily/klines/BTCUSDT/1m/ETHUSDT-1m-2026-02-10.zip",
        "data/futures/um/daily/klines/BTCUSDT/9m/BTCUSDT-9m-2026-02-10.zip",
        "data/futures/um/daily/klines/NOPEUSDT/1m/NOPEUSDT-1m-2026-02-10.zip",
        "data/futures/um/daily/klines/NOPEUSDT/1m/NOPEUSDT-1m-2026-02-10.zip.CHECKSUM",
        "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-02-10.zip",
    ],
)
def test_a_key_that_never_existed_is_the_stores_404(client, key):
    answer = client.get(f"/binance-archive/{key}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert f"<Key>{key}</Key>" in answer.text
