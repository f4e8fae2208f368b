"""Binance's open interest at the stand-in: the month of REST, the archive's five minutes."""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox.routes.binance.limits import Limits
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

NOW = datetime(2026, 3, 31, 12, 34, 56, tzinfo=UTC)
NOON = 1_774_958_400_000  # 2026-03-31 12:00 UTC
HOUR, DAY = 3_600_000, 86_400_000
HISTORY = "/binance/futures/data/openInterestHist"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with (
        Sandbox(SimulatedSource(), clock=lambda: NOW, enforce_limits=False) as sandbox,
        httpx.Client(base_url=sandbox.url, verify=False) as client,
    ):
        yield client


def history(client: httpx.Client, **params) -> list[dict]:
    asked = {"symbol": "ETHUSDT", "period": "1h", **params}
    return client.get(HISTORY, params=asked).raise_for_status().json()


def metrics(client: httpx.Client, symbol: str, day: str) -> list[list[str]]:
    path = f"/binance-archive/data/futures/um/daily/metrics/{symbol}/{symbol}-metrics-{day}"
    content = client.get(f"{path}.zip").raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read(f"{symbol}-metrics-{day}.csv").decode()
    return [line.split(",") for line in text.splitlines()]


def test_points_lie_on_the_grid_thirty_by_default_and_500_at_most(client):
    rows = history(client)
    assert [row["timestamp"] for row in rows] == [NOON - k * HOUR for k in range(29, -1, -1)]
    assert len(history(client, limit=500)) == 500
    assert len(history(client, period="5m", limit=500)) == 500
    assert client.get(
        HISTORY, params={"symbol": "ETHUSDT", "period": "1h", "limit": 501}
    ).json() == {
        "code": -1130,
        "msg": "Data sent for parameter 'limit' is not valid.",
    }


def test_a_point_is_written_like_binances(client):
    [row] = history(client, limit=1)
    assert {name: type(value) for name, value in row.items()} == {
        "symbol": str,
        "sumOpenInterest": str,
        "sumOpenInterestValue": str,
        "CMCCirculatingSupply": str,
        "timestamp": int,
    }
    assert len(row["sumOpenInterest"].partition(".")[2]) == 8


def test_a_point_is_the_open_interest_of_its_instant_at_the_price_of_the_bar_before(client):
    [row] = history(client, limit=1)
    params = {"symbol": "ETHUSDT", "interval": "1h", "startTime": NOON - HOUR, "limit": 1}
    [bar] = client.get("/binance/fapi/v1/klines", params=params).json()
    worth = float(row["sumOpenInterest"]) * float(bar[4])
    assert float(row["sumOpenInterestValue"]) == pytest.approx(worth, rel=1e-9)
    recount = datetime(2026, 3, 31, 12, 2, tzinfo=UTC)
    with Sandbox(SimulatedSource(), clock=lambda: recount) as sandbox:
        path = f"{sandbox.url}/binance/fapi/v1/openInterest?symbol=ETHUSDT"
        now = httpx.get(path, verify=False).json()
    assert float(now["openInterest"]) == float(row["sumOpenInterest"])


def test_a_point_asked_alone_of_a_fresh_source_is_the_point_of_the_range(client):
    rows = history(client, period="15m", limit=100)
    for row in (rows[0], rows[41], rows[-1]):
        at = {"startTime": row["timestamp"], "endTime": row["timestamp"]}
        with (
            Sandbox(SimulatedSource(), clock=lambda: NOW) as fresh,
            httpx.Client(base_url=fresh.url, verify=False) as other,
        ):
            assert history(other, period="15m", **at) == [row]


def test_a_coarser_period_picks_points_of_a_finer_one(client):
    fine = {row["timestamp"]: row for row in history(client, period="5m", limit=500)}
    for row in history(client, period="4h", limit=8):
        assert fine[row["timestamp"]] == row


def test_with_a_start_the_first_points_come_and_both_edges_are_inclusive(client):
    start = NOON - 20 * DAY
    rows = history(client, startTime=start, endTime=start + 3 * HOUR)
    assert [row["timestamp"] for row in rows] == [start + k * HOUR for k in range(4)]
    assert history(client, startTime=start, limit=2) == rows[:2]
    assert history(client, endTime=start + 3 * HOUR, limit=3) == rows[1:]


def test_only_the_newest_calendar_month_is_remembered(client):
    # One month before 31 March is 28 February, the last day of its month.
    february_28 = 1_772_282_096_000
    assert history(client, startTime=february_28, limit=1)[0]["timestamp"] == 1_772_283_600_000
    params = {"symbol": "ETHUSDT", "period": "1d", "startTime": february_28 - 1}
    refused = client.get(HISTORY, params=params)
    assert (refused.status_code, refused.json()["code"]) == (400, -1130)
    assert "startTime" in refused.json()["msg"]
    assert len(history(client, period="1d", limit=500)) == 31


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("period=1h", -1102),
        ("symbol=BTCUSDT", -1102),
        ("symbol=NOPEUSDT&period=1h", -1121),
        ("symbol=BTCUSDT&period=3h", -1130),
    ],
)
def test_a_wrong_question_gets_binances_error_body(client, query, code):
    answer = client.get(f"{HISTORY}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_statistics_cost_no_weight_but_have_a_budget_of_their_own():
    time = [0.0]
    limits = Limits("ip", clock=lambda: time[0])
    for _ in range(1000):
        assert limits.spend(0, statistics=True) is None
    refusal = limits.spend(0, statistics=True)
    assert (refusal.status, refusal.wait) == (429, 300)
    assert limits.weight.used == 0
    time[0] = 300.0
    assert limits.spend(0, statistics=True) is None


def test_a_metrics_file_runs_from_five_past_to_midnight_with_the_points_of_rest(client):
    header, *rows = metrics(client, "ETHUSDT", "2026-03-30")
    assert header[:4] == ["create_time", "symbol", "sum_open_interest", "sum_open_interest_value"]
    assert len(header) == 8
    assert rows[0][0] == "2026-03-30 00:05:00"
    assert rows[-1][0] == "2026-03-31 00:00:00"
    start = 1_774_828_800_000  # 2026-03-30
    params = {"period": "5m", "startTime": start + 1, "endTime": start + DAY, "limit": 500}
    points = {
        datetime.fromtimestamp(each["timestamp"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"): each
        for each in history(client, **params)
    }
    assert len(points) == 288
    for row in rows:
        assert row[2] == points[row[0]]["sumOpenInterest"]
        assert row[3] == points[row[0]]["sumOpenInterestValue"]


def test_some_files_have_doubled_missing_and_half_blank_rows(client):
    counts = Counter()
    for day in range(1, 19):
        rows = metrics(client, "XRPUSDT", f"2026-03-{day:02}")[1:]
        stamps = [row[0] for row in rows]
        counts["doubled"] += len(stamps) - len(set(stamps))
        counts["missing"] += 288 - len(set(stamps))
        counts["blank"] += sum(row[4:] == [""] * 4 for row in rows)
    assert all(1 <= counts[fault] <= 9 for fault in ("doubled", "missing", "blank"))


def test_one_hour_of_september_2023_was_never_published(client):
    stamps = {row[0] for row in metrics(client, "SOLUSDT", "2023-09-18")[1:]}
    assert not any(stamp.startswith("2023-09-18 06:") for stamp in stamps)
    assert len(stamps) >= 275


def test_metrics_begin_in_september_2020_without_a_header_and_with_the_listing(client):
    assert metrics(client, "BTCUSDT", "2020-09-01")[0][0] == "2020-09-01 00:05:00"
    assert metrics(client, "SOLUSDT", "2020-09-14")[0][0] == "2020-09-14 07:00:00"
    path = "/binance-archive/data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2020-08-31.zip"
    assert client.get(path).status_code == 404
    assert client.get(path.replace("2020-08-31", "2026-03-31")).status_code == 404  # not yet over
