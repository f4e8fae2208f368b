"""Rows later than now: refused at the gate, never counted as fresh, found and put aside."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.cli.doctor import put_aside
from cryptopipe_assets.collect.contract_lives import admitted
from cryptopipe_assets.core.time import CLOCKS_DIFFER, MINUTE, utcnow
from cryptopipe_assets.operations.doctor import examine
from cryptopipe_assets.storage.inventory import newest, survey
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.quarantine import FOLDER, future_rows, set_aside
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.features.microstructure_1h import Microstructure1h
from cryptopipe_tests.reference.bars import SYMBOL, bars

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)


def stored(lake: Lake, *opens: datetime) -> None:
    for day in {at.date() for at in opens}:
        lake.upsert(Ohlcv1m, bars(*[at for at in opens if at.date() == day]), day)


def minutes(first: datetime, count: int) -> list[datetime]:
    return [first + n * MINUTE for n in range(count)]


@pytest.mark.parametrize("later", [CLOCKS_DIFFER + MINUTE, timedelta(days=1800)])
def test_no_door_lets_in_what_is_later_than_its_collection(tmp_path, later):
    rows = bars(NOW - MINUTE, NOW + later, ingested=NOW)
    found = admitted(Lake(tmp_path), Ohlcv1m, rows)
    assert found.rows["ts"].to_list() == [NOW - MINUTE]
    assert found.refused_rows == 1
    assert found.why == (
        f"1 rows of binance {SYMBOL}, {NOW + later:%Y-%m-%d %H:%M} to {NOW + later:%Y-%m-%d %H:%M},"
        " are later than now, and were left out"
    )


def test_a_clock_that_is_a_little_ahead_of_ours_keeps_nothing_out(tmp_path):
    rows = bars(NOW, NOW + 4 * MINUTE, ingested=NOW)
    assert admitted(Lake(tmp_path), Ohlcv1m, rows).rows.height == 2


def test_rows_of_the_future_are_not_the_newest(tmp_path):
    lake = Lake(tmp_path)
    stored(lake, NOW - MINUTE, NOW + 3 * timedelta(hours=1), datetime(2031, 1, 1, tzinfo=UTC))
    files = survey(tmp_path, "ohlcv_1m", has_days=True)
    for entity in (None, "symbol"):
        assert newest(files, entity, now=NOW)["ts"].to_list() == [NOW - MINUTE]


def test_a_clock_that_was_three_hours_ahead_is_found_and_its_rows_are_put_aside(tmp_path):
    lake = Lake(tmp_path)
    present, future = minutes(NOW - 30 * MINUTE, 30), minutes(NOW + 6 * MINUTE, 180)
    stored(lake, *present, *future, datetime(2031, 1, 1, tzinfo=UTC))
    found = list(future_rows(lake, [Ohlcv1m], now=NOW))
    assert [(each.place, each.rows) for each in found] == [
        ("ohlcv_1m 2026-03-10", 144),
        ("ohlcv_1m 2026-03-11", 36),
        ("ohlcv_1m 2031-01-01", 1),
    ]
    places = [set_aside(lake, each, now=NOW) for each in found]
    assert list(future_rows(lake, [Ohlcv1m], now=NOW)) == []
    assert lake.read(Ohlcv1m, NOW.date())["ts"].to_list() == present
    assert date(2031, 1, 1) not in lake.days("ohlcv_1m")
    aside = Lake(tmp_path / FOLDER / "2026-03-10T213000Z")
    assert [place.is_relative_to(aside.root) for place in places] == [True] * 3
    days = aside.days("ohlcv_1m")
    kept = pl.concat([aside.read(Ohlcv1m, day) for day in days])
    assert kept["ts"].to_list() == [*future, datetime(2031, 1, 1, tzinfo=UTC)]


def test_what_is_put_aside_can_be_put_aside_again_after_a_kill_in_between(tmp_path):
    lake = Lake(tmp_path)
    stored(lake, NOW - MINUTE, NOW + 60 * MINUTE)
    (found,) = future_rows(lake, [Ohlcv1m], now=NOW)
    set_aside(lake, found, now=NOW)
    stored(lake, NOW + 60 * MINUTE)
    set_aside(lake, found, now=NOW + timedelta(seconds=1))
    assert lake.read(Ohlcv1m, NOW.date())["ts"].to_list() == [NOW - MINUTE]
    assert len(list((tmp_path / FOLDER).iterdir())) == 2


def priced(price: float, at: datetime, *, ingested: datetime, known: datetime) -> pl.DataFrame:
    """One bar of this price, usable from ``known`` on."""
    return bars(at, ingested=ingested).with_columns(
        close=pl.lit(price), available_at=pl.lit(known).cast(pl.Datetime("ms", "UTC"))
    )


def test_superseded_versions_of_what_is_put_aside_are_put_aside_too(tmp_path):
    lake = Lake(tmp_path)
    sound, future = NOW - 60 * MINUTE, NOW + 60 * MINUTE
    for number, price in enumerate([1.0, 1.5, 2.0]):
        for at in (sound, future):
            came = NOW + number * MINUTE
            lake.upsert(Ohlcv1m, priced(price, at, ingested=came, known=at + MINUTE), NOW.date())
    (found,) = future_rows(lake, [Ohlcv1m], now=NOW)
    assert (found.rows, found.superseded) == (1, 2)
    set_aside(lake, found, now=NOW)
    aside = Lake(tmp_path / FOLDER / "2026-03-10T213000Z")
    for at, place in ((sound, lake), (future, aside)):
        current, earlier = (
            place.read(Ohlcv1m, NOW.date()),
            place.read_revisions(Ohlcv1m, NOW.date()),
        )
        assert current.select("ts", "close").rows() == [(at, 2.0)]
        assert earlier.select("ts", "close").rows() == [(at, 1.0), (at, 1.5)]


def test_a_superseded_version_of_the_future_is_found_and_the_row_that_took_its_place_stays(
    tmp_path,
):
    lake, at = Lake(tmp_path), NOW - 60 * MINUTE
    for number, (price, known) in enumerate([(1.0, NOW + 60 * MINUTE), (2.0, at + MINUTE)]):
        rows = priced(price, at, ingested=NOW + number * MINUTE, known=known)
        lake.upsert(Ohlcv1m, rows, NOW.date())
    (found,) = future_rows(lake, [Ohlcv1m], now=NOW)
    assert (found.rows, found.superseded) == (0, 1)
    set_aside(lake, found, now=NOW)
    assert list(future_rows(lake, [Ohlcv1m], now=NOW)) == []
    assert lake.read(Ohlcv1m, NOW.date())["close"].to_list() == [2.0]
    aside = Lake(tmp_path / FOLDER / "2026-03-10T213000Z")
    assert aside.read(Ohlcv1m, NOW.date()).is_empty()
    assert aside.read_revisions(Ohlcv1m, NOW.date())["close"].to_list() == [1.0]


def test_a_row_that_is_usable_only_later_is_found_on_a_day_long_ago(tmp_path):
    lake, at = Lake(tmp_path), NOW - timedelta(days=400)
    lake.upsert(Ohlcv1m, priced(1.0, at, ingested=NOW, known=NOW + MINUTE * 60), at.date())
    (found,) = future_rows(lake, [Ohlcv1m], now=NOW)
    assert (found.day, found.rows) == (at.date(), 1)


def test_a_derived_row_of_the_future_leaves_no_version_behind(tmp_path):
    lake, hours = Lake(tmp_path), [NOW - timedelta(hours=3), NOW + timedelta(hours=1)]
    empty = dict.fromkeys(Microstructure1h.columns())
    rows = pl.DataFrame(
        [
            {
                **empty,
                "ts": at,
                "available_at": at + 60 * MINUTE,
                "venue": "binance",
                "symbol": SYMBOL,
            }
            for at in hours
        ],
        schema=Microstructure1h.polars_schema(),
    )
    lake.replace(Microstructure1h, rows, NOW.date())
    (found,) = future_rows(lake, [Microstructure1h], now=NOW)
    set_aside(lake, found, now=NOW)
    assert lake.read(Microstructure1h, NOW.date())["ts"].to_list() == hours[:1]
    assert lake.read_revisions(Microstructure1h, NOW.date()).is_empty()
    aside = Lake(tmp_path / FOLDER / "2026-03-10T213000Z")
    assert aside.read(Microstructure1h, NOW.date())["ts"].to_list() == hours[1:]


def test_doctor_names_them_and_puts_them_aside_when_told_to(settings, capsys):
    lake = Lake(settings.warehouse)
    now = utcnow().replace(second=0, microsecond=0)
    stored(lake, now - 2 * MINUTE, now + timedelta(days=1800))
    (finding,) = [each for each in examine(settings) if each.subject == "future"]
    assert finding.state == "broken"
    assert SYMBOL in finding.found
    assert "doctor --quarantine" in finding.advice
    put_aside(settings)
    assert "1 rows put aside" in capsys.readouterr().out
    assert [each for each in examine(settings) if each.subject == "future"] == []
    assert lake.days("ohlcv_1m") == [(now - 2 * MINUTE).date()]
