"""The archive's files and REST are compared where both tell of the same instants."""

import asyncio
from datetime import date, datetime, timedelta

import pytest

from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.venue import BinanceVenue
from cryptopipe_assets.vendors.parsing.open_interest import Measured
from cryptopipe_assets.vendors.protocols import Wanted
from cryptopipe_tests.unit.vendors.binance.test_parse_metrics import (
    DAY,
    HOUR,
    MIDNIGHT,
    an_archive,
    by_rest,
    path_of,
    rows,
    serving,
    shelf,
    whole_day,
)
from cryptopipe_tests.unit.vendors.conftest import mocked

NOW = MIDNIGHT + timedelta(days=2, hours=1)
"""When the archive should have the file of ``DAY``."""
YESTERDAY, TODAY = DAY + timedelta(days=1), DAY + timedelta(days=2)


def asked(files: dict[str, bytes], *days: date) -> tuple[Measured, int]:
    """What the venue tells of the days, and how often its archive was asked."""
    seen: list[str] = []
    serve = serving(files)

    def vendor(request):
        seen.append(request.url.path)
        return serve(request)

    async def run() -> Measured:
        venue = BinanceVenue(
            mocked(Binance, by_rest, base_url="https://b.test"), an_archive(vendor)
        )
        async with venue:
            return await venue.hourly_open_interest(
                Wanted(
                    coins=frozenset({"BTC"}),
                    contracts={"BTCUSDT": "BTC-USDT-PERP"},
                    days=days,
                    now=NOW,
                )
            )

    return asyncio.run(run()), len(seen)


def moved(day: date, by: timedelta) -> bytes:
    """The whole day's file, its values those of an instant later than its labels say."""
    start = datetime(day.year, day.month, day.day, tzinfo=MIDNIGHT.tzinfo)
    ends = [start + n * HOUR for n in range(1, 25)]
    return rows(*((f"{end:%F %T}", f"{(end + by).timestamp() / 3600}", "9") for end in ends))


def test_a_file_that_says_what_rest_says_is_no_matter():
    found, requests = asked(shelf(path_of(DAY), whole_day(DAY)), YESTERDAY)
    assert found.disagreements == ()
    assert requests == 2  # the file and its checksum


@pytest.mark.parametrize("minutes", [5, -5, 60])
def test_a_file_whose_labels_have_moved_is_told(minutes):
    files = shelf(path_of(DAY), moved(DAY, timedelta(minutes=minutes)))
    found, _ = asked(files, YESTERDAY)
    [said] = found.disagreements
    assert "BTCUSDT on 2026-02-03: 24 of 24 hours" in said
    assert "the first at 00:00" in said
    assert found.frame.height == 24  # REST's own rows of yesterday are stored all the same


def test_nothing_is_compared_while_only_the_present_is_wanted_or_there_is_no_file():
    assert asked(shelf(path_of(DAY), whole_day(DAY)), TODAY)[1] == 0
    found, _ = asked({}, YESTERDAY)
    assert found.disagreements == ()
    assert found.frame.height == 24
