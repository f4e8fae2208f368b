"""Recorded open interest of Binance, sent through the client as Binance would send it."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.open_interest import open_interest_history
from cryptopipe_tests.unit.vendors.conftest import asked, mocked

pytestmark = pytest.mark.realdata

HOUR_MS = 3_600_000
FIELDS = {
    "symbol": "symbol",
    "sum_open_interest": "sumOpenInterest",
    "sum_open_interest_value": "sumOpenInterestValue",
}


@pytest.fixture(scope="module")
def recordings(realdata) -> dict[str, list[dict[str, str]]]:
    """Lines of each recorded symbol."""
    files = sorted((realdata / "binance" / "open-interest-4h").glob("*.csv"))
    if not files:
        pytest.skip("the recorded data has no open-interest-4h")
    return {path.stem: lines_of(path) for path in files}


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file))


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def test_every_recorded_point_comes_out_with_its_numbers_and_the_hour_it_ends(recordings):
    def vendor(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        first, last = int(asked["startTime"]), int(asked["endTime"])
        inside = [
            {**{theirs: line[ours] for ours, theirs in FIELDS.items()}, "timestamp": stamp}
            for line in recordings[asked["symbol"]]
            if first <= (stamp := int(line["timestamp"])) <= last
        ]
        return httpx.Response(200, json=inside[-int(asked["limit"]) :])

    stamps = [int(line["timestamp"]) for lines in recordings.values() for line in lines]
    start = moment(min(stamps) - HOUR_MS)
    end = min(moment(max(stamps)), start + timedelta(days=28))  # as much as Binance keeps
    names = {each: f"{each.removesuffix('USDT')}-USDT-PERP" for each in recordings}

    found = asked(
        mocked(Binance, vendor, base_url="https://binance.test"),
        lambda binance: open_interest_history(
            binance, names, start=start, end=end, now=end, period="4h"
        ),
    ).frame
    expected = sorted(
        (
            names[symbol],
            int(line["timestamp"]) - HOUR_MS,
            int(line["timestamp"]) + 1,
            float(line["sum_open_interest"]),
            float(line["sum_open_interest_value"]),
        )
        for symbol, lines in recordings.items()
        for line in lines
        if moment(int(line["timestamp"])) <= end
    )
    came = found.select(
        "symbol",
        found["ts"].dt.epoch("ms"),
        found["available_at"].dt.epoch("ms"),
        "open_interest_base",
        "open_interest_usd",
    )
    assert came.rows() == expected
