"""What was known at an instant: late rows, revised rows, and the laws of both."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cryptopipe_assets.storage.as_of import as_known, as_of
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.catalog.catalog import connect, refresh
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.merge import all_versions, merge, news, superseded
from cryptopipe_assets.storage.parquet import writer
from cryptopipe_tests.reference.quotes import DAY, Quotes, quotes

pytestmark = pytest.mark.slow

FIRST = DAY.date()
KEY = Quotes.key()
HOUR = timedelta(hours=1)
CLOCKS = ("available_at", "ingested_at")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "warehouse")


def quote(minute: int, price: float, *, late: timedelta, came: timedelta) -> pl.DataFrame:
    """One minute's price, published ``late`` after it and ingested ``came`` after midnight."""
    return quotes(minute + 1, price=price)[-1:].with_columns(
        available_at=pl.col("ts") + late, ingested_at=pl.lit(DAY + came).dt.cast_time_unit("ms")
    )


def prices(lake: Lake, at: timedelta, *, clock: str = "available_at") -> dict[int, float]:
    """Minute of the day to price, as known so long after midnight, from both readings alike."""
    rows = as_of(lake, Quotes, DAY + at, clock=clock).collect()
    refresh(lake, [Quotes])
    with connect(lake) as connection:
        instant = f"TIMESTAMPTZ '{DAY + at}'"
        query = f"FROM quotes_as_of({instant}, clock := '{clock}') ORDER BY symbol, ts"
        in_sql = connection.sql(query).pl().drop("date")
    assert_frame_equal(in_sql.select(rows.columns).cast(rows.schema), rows)
    return dict(zip(rows["ts"].dt.minute().to_list(), rows["price"].to_list(), strict=True))


def test_a_late_row_is_not_known_before_it_was_published(lake):
    lake.upsert(Quotes, quote(0, 1.0, late=HOUR, came=2 * HOUR), FIRST)
    assert prices(lake, HOUR - timedelta(milliseconds=1)) == {}
    assert prices(lake, HOUR) == {0: 1.0}


def test_a_revised_value_is_known_from_when_we_stored_it_and_the_old_one_until_then(lake):
    lake.upsert(Quotes, quote(0, 1.0, late=HOUR, came=2 * HOUR), FIRST)
    lake.upsert(Quotes, quote(0, 2.0, late=HOUR, came=5 * HOUR), FIRST)
    assert lake.read(Quotes, FIRST)["price"].to_list() == [2.0]
    assert prices(lake, HOUR) == {0: 1.0}
    assert prices(lake, 5 * HOUR - timedelta(milliseconds=1)) == {0: 1.0}
    assert prices(lake, 5 * HOUR) == {0: 2.0}


def test_a_backfilled_row_counts_from_its_publication_by_the_markets_clock_only(lake):
    years_later = timedelta(days=2000)
    lake.upsert(Quotes, quote(0, 1.0, late=HOUR, came=years_later), FIRST)
    assert prices(lake, HOUR) == {0: 1.0}
    assert prices(lake, HOUR, clock="ingested_at") == {}
    assert prices(lake, years_later, clock="ingested_at") == {0: 1.0}


def test_every_version_of_a_row_revised_twice_can_be_read(lake):
    for hour, price in enumerate((1.0, 2.0, 3.0), start=2):
        lake.upsert(Quotes, quote(0, price, late=HOUR, came=hour * HOUR), FIRST)
    assert [prices(lake, hour * HOUR)[0] for hour in (1, 2, 3, 4, 9)] == [1.0, 1.0, 2.0, 3.0, 3.0]
    assert lake.read_revisions(Quotes, FIRST)["price"].to_list() == [1.0, 2.0]


def test_rows_without_a_revision_stay_in_the_answer_beside_revised_ones(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    lake.upsert(Quotes, quotes(1, price=2.0, came=60), FIRST)
    assert prices(lake, HOUR) == {0: 1.0, 1: 1.0, 2: 1.0}
    assert prices(lake, timedelta(days=2)) == {0: 2.0, 1: 1.0, 2: 1.0}


def test_days_may_be_chosen(lake):
    tomorrow = FIRST + timedelta(days=1)
    lake.upsert(Quotes, quotes(2), FIRST)
    shifted = quotes(2).with_columns(pl.col("ts", "available_at").dt.offset_by("1d"))
    lake.upsert(Quotes, shifted, tomorrow)
    lake.upsert(Quotes, shifted.with_columns(price=pl.lit(9.0), ingested_at=_later()), tomorrow)
    late = DAY + timedelta(days=9)
    assert as_of(lake, Quotes, late, last=FIRST).collect().height == 2
    assert as_of(lake, Quotes, late, first=tomorrow).collect()["price"].to_list() == [9.0, 9.0]


def _later() -> pl.Expr:
    return pl.lit(DAY + timedelta(days=3)).dt.cast_time_unit("ms")


def test_the_table_and_its_view_never_show_two_versions(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    lake.upsert(Quotes, quotes(3, price=2.0, came=60), FIRST)
    refresh(lake, [Quotes])
    assert lake.scan(Quotes, FIRST, FIRST).collect().height == 3
    with connect(lake) as connection:
        assert connection.sql("SELECT count(*), min(price) FROM quotes").fetchall() == [(3, 2.0)]
        old = connection.sql("SELECT count(*), max(price), min(date) FROM quotes_revisions")
        assert old.fetchall() == [(3, 1.0, date(2026, 2, 1))]


def test_the_same_rows_again_write_no_revision(lake):
    lake.upsert(Quotes, quotes(3), FIRST)
    lake.upsert(Quotes, quotes(3, came=60), FIRST)
    lake.upsert(Quotes, quotes(5, came=90), FIRST)
    assert not lake.path("quotes_revisions", FIRST).exists()


def test_a_commit_killed_between_its_two_files_is_repaired_by_the_next(lake):
    lake.upsert(Quotes, quotes(1), FIRST)
    versions = writer(quotes(1), "quotes_revisions", FIRST)
    write_atomically(lake.path("quotes_revisions", FIRST), versions)  # then killed
    assert prices(lake, timedelta(days=9)) == {0: 1.0}
    lake.upsert(Quotes, quotes(1, price=2.0, came=60), FIRST)
    assert prices(lake, timedelta(days=9)) == {0: 2.0}
    assert lake.read_revisions(Quotes, FIRST)["price"].to_list() == [1.0]


def test_a_forced_replacement_keeps_what_it_changed_and_forgets_what_it_removed(lake):
    lake.upsert(Quotes, quotes(2), FIRST)
    lake.upsert(Quotes, quotes(2, price=2.0, came=60), FIRST)
    lake.replace(Quotes, quotes(1, price=3.0, came=90), FIRST, force=True)
    assert lake.read_revisions(Quotes, FIRST)["price"].to_list() == [1.0, 2.0]
    assert prices(lake, timedelta(days=9)) == {0: 3.0}
    assert prices(lake, HOUR) == {0: 1.0}


def test_an_unknown_clock_is_refused_in_sql(lake):
    lake.upsert(Quotes, quotes(1), FIRST)
    refresh(lake, [Quotes])
    with connect(lake) as connection, pytest.raises(duckdb.Error, match="clock is one of"):
        connection.sql("FROM quotes_as_of(now(), clock := 'wall')").fetchall()


def test_a_table_without_files_was_never_known(lake):
    assert as_of(lake, Quotes, DAY).collect().is_empty()
    refresh(lake, [Quotes])
    with connect(lake) as connection:
        assert connection.sql("FROM quotes_as_of(now())").fetchall() == []


# Laws, over any arrivals: an arrival is a frame of one instant of ingestion, unique by key.
cells = st.dictionaries(
    st.sampled_from([("A", 0), ("A", 1), ("B", 0)]),
    st.tuples(st.integers(0, 4), st.integers(1, 3)),
    max_size=3,
)
arrivals = st.lists(cells, max_size=4)
instants = st.integers(0, 12).map(lambda hour: DAY + hour * HOUR)
Store = tuple[pl.DataFrame, pl.DataFrame]


def frame(content: dict, came: int) -> pl.DataFrame:
    rows = [
        (DAY, DAY + late * HOUR, DAY + came * HOUR, "test", symbol, float(price))
        for (symbol, _), (late, price) in content.items()
    ]
    stamps = [DAY + timedelta(minutes=minute) for _, minute in content]
    found = pl.DataFrame(rows, schema=Quotes.polars_schema(), orient="row")
    return found.with_columns(ts=pl.Series(stamps, dtype=pl.Datetime("ms", "UTC"))).sort(KEY)


def stored(content: list[dict]) -> Store:
    """Current rows and superseded versions after the arrivals, one an hour from hour 3 on."""
    current, old = Quotes.empty_frame(), Quotes.empty_frame()
    for came, each in enumerate(content, start=3):
        fresh = news(current, frame(each, came), KEY)
        merged = merge(current, fresh, KEY)
        old = all_versions([old, superseded(current, fresh, merged, KEY)], KEY)
        current = merged
    return current, old


def known(store: Store, at: datetime, clock: str = "available_at") -> pl.DataFrame:
    return as_known(store[0].lazy(), store[1], KEY, at, clock=clock).collect()


@settings(max_examples=40)
@given(arrivals, st.sampled_from(CLOCKS))
def test_as_of_now_is_the_table(content, clock):
    store = stored(content)
    assert_frame_equal(known(store, DAY + 100 * HOUR, clock), store[0])


@settings(max_examples=40)
@given(arrivals, instants, instants, st.sampled_from(CLOCKS))
def test_knowledge_only_grows(content, one, other, clock):
    """No key is unlearned, and no newer version gives way to an older one."""
    earlier, later = (known(stored(content), at, clock) for at in sorted((one, other)))
    both = earlier.join(later, on=KEY, how="left", suffix="_later")
    assert (both["ingested_at_later"] >= both["ingested_at"]).all()
    assert not both["ingested_at_later"].has_nulls()


@settings(max_examples=40)
@given(arrivals, st.integers(0, 4), st.sampled_from(CLOCKS))
def test_what_was_known_then_is_not_changed_by_what_came_later(content, count, clock):
    """The future of the warehouse cut off: the reading of its past is the same rows."""
    at = DAY + (2 + count) * HOUR
    now, then = known(stored(content), at, clock), known(stored(content[:count]), at, clock)
    if clock == "available_at":  # a backfill may add rows that could have been known by then
        now = now.join(then, on=KEY, how="semi", maintain_order="left")
    assert_frame_equal(now, then)


@settings(max_examples=40)
@given(arrivals, arrivals, arrivals)
def test_versions_of_three_stores_may_be_merged_in_any_order_and_grouping(one, two, three):
    def together(*stores: Store) -> Store:
        versions = all_versions([part for store in stores for part in store], KEY)
        current = merge(Quotes.empty_frame(), versions, KEY)
        return current, versions.join(current, on=versions.columns, how="anti", nulls_equal=True)

    a, b, c = stored(one), stored(two), stored(three)
    expected = together(a, b, c)
    for other in (together(together(a, b), c), together(a, together(c, b)), together(c, b, a, a)):
        assert_frame_equal(other[0], expected[0])
        assert_frame_equal(other[1], expected[1])


def test_the_present_of_a_utc_clock_is_an_aware_instant(lake):
    lake.upsert(Quotes, quotes(1), FIRST)
    assert as_of(lake, Quotes, datetime.now(UTC)).collect().height == 1
