"""Days of open interest that one way does not give whole come by the next, and each way is heard.

The present is the 5th of March, 2026: REST tells since the 6th of February, and the archive should
have the files until the 3rd of March.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from cryptopipe_assets.core.errors import PayloadChanged, RateLimited, VendorUnavailable
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.collect_open_interest import collect_open_interest
from cryptopipe_assets.vendors.parsing.open_interest import Measured
from cryptopipe_tests.unit.vendors.binance.test_overlap import moved
from cryptopipe_tests.unit.vendors.binance.test_parse_metrics import (
    an_archive,
    by_rest,
    path_of,
    rows,
    serving,
    shelf,
    whole_day,
)
from cryptopipe_tests.unit.vendors.conftest import Vendor, mocked

BTC = "BTC-USDT-PERP"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
OLD, RECENT, YOUNG = date(2026, 2, 5), date(2026, 3, 2), date(2026, 3, 4)
BOTH_WAYS = rows((f"{OLD} 01:00:00", "1", "2"))


def opens(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def without(lost: Collection[datetime]) -> Vendor:
    """REST that lacks the points of the hours that open then."""
    stamps = {int((each + HOUR).timestamp() * 1000) for each in lost}

    def vendor(request: httpx.Request) -> httpx.Response:
        points = [each for each in by_rest(request).json() if each["timestamp"] not in stamps]
        return httpx.Response(200, json=points)

    return vendor


def refusing(symbol: str) -> Vendor:
    """REST whose response for one contract is of another shape."""

    def vendor(request: httpx.Request) -> httpx.Response:
        is_it = request.url.params["symbol"] == symbol
        return httpx.Response(200, json={"code": "?"}) if is_it else by_rest(request)

    return vendor


def collected(
    *days: date,
    rest: Vendor = by_rest,
    files: dict[str, bytes] | None = None,
    archive: Vendor | None = None,
    symbols: Collection[str] = ("BTC",),
) -> tuple[Measured, list[str]]:
    """What comes of the days, and the files that were asked for."""
    asked: list[str] = []

    def of_archive(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.removesuffix(".CHECKSUM").rpartition("/")[2])
        return (archive or serving(files or {}))(request)

    async def run() -> Measured:
        binance = mocked(Binance, rest, base_url="https://b.test")
        async with binance, an_archive(of_archive) as opened:
            return await collect_open_interest(
                binance,
                opened,
                {f"{name}USDT": f"{name}-USDT-PERP" for name in symbols},
                start=opens(days[0]),
                end=min(opens(days[-1]) + DAY, NOW),
                now=NOW,
            )

    found = asyncio.run(run())
    return found, sorted(set(asked))


def hours(found: Measured) -> list[datetime]:
    assert found.frame["symbol"].unique().to_list() == [BTC]
    return found.frame["ts"].to_list()


LOST = opens(RECENT) + 5 * HOUR


def test_a_day_of_which_rest_lacks_an_hour_comes_whole_from_the_archives_file():
    files = shelf(path_of(RECENT), whole_day(RECENT))
    found, asked = collected(RECENT, rest=without({LOST}), files=files)
    assert hours(found) == [opens(RECENT) + n * HOUR for n in range(24)]
    # Both say the number of the hour since 1970, in which it ends.
    assert found.frame["open_interest_base"][5] == (LOST + HOUR).timestamp() / 3600
    assert asked == [f"BTCUSDT-metrics-{RECENT}.zip"]
    assert found.left_out == {}
    assert found.told.is_empty()


def test_days_that_rest_has_whole_or_the_archive_cannot_have_yet_ask_for_no_file():
    assert collected(RECENT)[1] == []
    found, asked = collected(YOUNG, date(2026, 3, 5), rest=without({opens(YOUNG)}))
    assert asked == []
    assert found.told.rows() == [(BTC, YOUNG, "rest", None)], "today is not over"


OF_A_FILE: dict[str, tuple[Callable[[str], Vendor], str | None]] = {
    "there is none": (lambda path: serving({}), "not published"),
    "it cannot be read": (lambda path: serving(shelf(path, b"no columns")), "not usable"),
    "its checksum is missing": (
        lambda path: serving({path: shelf(path, whole_day(RECENT))[path]}),
        "not usable",
    ),
    "the archive is down": (lambda path: lambda request: httpx.Response(503), "no response"),
    "it lacks the hour as well": (
        lambda path: serving(shelf(path, whole_day(RECENT).replace(b"06:00:00", b"06:05:00"))),
        None,
    ),
}


@pytest.mark.parametrize(("archive", "said"), OF_A_FILE.values(), ids=OF_A_FILE)
def test_of_a_day_that_no_way_has_whole_it_is_told_what_each_said(archive, said):
    found, _ = collected(RECENT, rest=without({LOST}), archive=archive(path_of(RECENT)))
    assert len(hours(found)) == 23
    assert found.told.rows() == [(BTC, RECENT, "archive_day", said), (BTC, RECENT, "rest", None)]
    assert found.left_out == {"hours_missing": 1}
    assert found.failed == {}, "a second way that fails is no failure of the contract"


def test_a_file_that_contradicts_rest_is_not_believed_of_the_hours_that_rest_lacks():
    late = moved(RECENT, timedelta(minutes=5))
    found, _ = collected(RECENT, rest=without({LOST}), files=shelf(path_of(RECENT), late))
    assert LOST not in hours(found)
    [said] = found.disagreements
    assert f"BTCUSDT on {RECENT}: 23 of 23 hours" in said
    assert found.told.rows() == [
        (BTC, RECENT, "archive_day", "not usable"),
        (BTC, RECENT, "rest", None),
    ]


def test_a_contract_that_rest_refuses_comes_from_files_where_there_are_any():
    files = shelf(path_of(RECENT), whole_day(RECENT))
    days = [RECENT + n * DAY for n in range(3)]
    found, _ = collected(*days, rest=refusing("BTCUSDT"), files=files, symbols=("BTC", "ETH"))
    of_btc = found.frame.filter(symbol=BTC)["ts"].to_list()
    assert of_btc == [opens(RECENT) + n * HOUR for n in range(24)]
    assert found.told.rows() == [
        (BTC, days[1], "archive_day", "not published"),
        (BTC, days[1], "rest", "not usable"),
        (BTC, days[2], "rest", "not usable"),
    ]
    assert list(found.failed) == ["BTCUSDT"]
    assert found.frame.filter(symbol="ETH-USDT-PERP").height == 72


def test_of_a_day_that_rest_has_forgotten_the_archive_alone_is_heard():
    found, _ = collected(OLD, date(2026, 2, 6))
    assert found.told.rows() == [(BTC, OLD, "archive_day", "not published")]
    assert found.left_out == {"days_not_published": 1}
    files = shelf(path_of(OLD), BOTH_WAYS)
    found, _ = collected(OLD, date(2026, 2, 6), files=files)
    assert found.told.rows() == [(BTC, OLD, "archive_day", "not usable")]
    assert found.left_out == {"days_refused": 1}
    assert "starts or the ends" in found.failed["BTCUSDT"].reason


def down(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


def test_an_archive_that_is_down_takes_no_day_along_that_rest_tells():
    found, _ = collected(OLD, date(2026, 2, 6), archive=down)
    assert hours(found) == [opens(date(2026, 2, 6)) + n * HOUR for n in range(24)]
    assert found.told.rows() == [(BTC, OLD, "archive_day", "no response")]
    assert list(found.failed) == ["BTCUSDT"]


def test_where_nothing_came_at_all_the_failure_of_the_file_is_raised():
    with pytest.raises(VendorUnavailable, match="binance-archive"):
        collected(OLD, archive=down)
    with pytest.raises(PayloadChanged, match="starts or the ends"):
        collected(OLD, files=shelf(path_of(OLD), BOTH_WAYS))
    limited = httpx.Response(429, headers={"retry-after": "3600"})
    with pytest.raises(RateLimited):
        collected(OLD, date(2026, 2, 6), archive=lambda request: limited)
