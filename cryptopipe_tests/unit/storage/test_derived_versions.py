"""What a derived table said at an instant, whatever recomputations came since."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cryptopipe_assets.core.schema import Derived, column
from cryptopipe_assets.storage.as_of import Clock, as_of
from cryptopipe_assets.storage.catalog.catalog import connect, in_memory, rebuild
from cryptopipe_assets.storage.lake import Lake

pytestmark = pytest.mark.slow

DAY = datetime(2026, 2, 1, tzinfo=UTC)
RUN = DAY + timedelta(days=1, hours=1)
HOUR = timedelta(hours=1)


class Scores(Derived):
    """A score of a coin at an hour."""

    coin: str = column("Coin.", unit="id")
    score: float = column("Score.", unit="score", nullable=True)

    class Config:
        name = "scores"
        unique = ["coin", "ts"]  # noqa: RUF012


def scores(values: dict[tuple[str, int], float | None]) -> pl.DataFrame:
    """Coin and hour of the day to score; each is available when its hour is over."""
    rows = [
        (DAY + hour * HOUR, DAY + (hour + 1) * HOUR, coin, score)
        for (coin, hour), score in values.items()
    ]
    return Scores.conform(
        pl.DataFrame(rows, schema=["ts", "available_at", "coin", "score"], orient="row").cast(
            {"ts": pl.Datetime("ms", "UTC"), "available_at": pl.Datetime("ms", "UTC")}
        )
    )


def said(lake: Lake, instant: datetime, clock: Clock = "available_at") -> dict[object, object]:
    rows = as_of(lake, Scores, instant, clock=clock).collect()
    assert rows.columns == Scores.columns()
    hour = (pl.col("ts") - DAY).dt.total_hours()
    return {(coin, h): score for coin, h, score in rows.select("coin", hour, "score").iter_rows()}


def said_in_sql(lake: Lake, instant: datetime, clock: Clock = "available_at") -> object:
    query = f"""
        SELECT coin, date_diff('hour', TIMESTAMPTZ '{DAY}', ts), score
        FROM scores_as_of(TIMESTAMPTZ '{instant}', clock := '{clock}')
    """
    with in_memory(lake, (Scores,)) as connection:
        return {(coin, hour): score for coin, hour, score in connection.sql(query).fetchall()}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "warehouse")


def publish(lake: Lake, values: dict[tuple[str, int], float | None], at: datetime) -> None:
    lake.replace(Scores, scores(values), DAY.date(), at=at)


def test_a_row_that_says_the_same_keeps_the_instant_at_which_it_was_published(lake):
    publish(lake, {("BTC", 0): 1.0, ("ETH", 0): 2.0}, RUN)
    publish(lake, {("BTC", 0): 1.0, ("ETH", 0): 2.5}, RUN + HOUR)
    rows = lake.read(Scores, DAY.date())
    assert rows["derived_at"].to_list() == [RUN, RUN + HOUR]


def test_a_recomputation_that_changes_nothing_writes_nothing(lake):
    publish(lake, {("BTC", 0): 1.0}, RUN)
    path = lake.path("scores", DAY.date())
    before = path.read_bytes(), path.stat().st_mtime_ns
    publish(lake, {("BTC", 0): 1.0}, RUN + HOUR)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert not lake.has("scores_revisions")


def test_a_changed_and_a_dropped_value_are_there_until_the_recomputation(lake):
    publish(lake, {("BTC", 0): 1.0, ("ETH", 0): 2.0}, RUN)
    publish(lake, {("BTC", 0): 1.5}, RUN + HOUR)
    just_before = RUN + HOUR - timedelta(milliseconds=1)
    for answer in (said, said_in_sql):
        assert answer(lake, just_before) == {("BTC", 0): 1.0, ("ETH", 0): 2.0}
        assert answer(lake, RUN + HOUR) == {("BTC", 0): 1.5}


def test_a_history_that_was_derived_yesterday_can_be_studied_as_of_any_day(lake):
    publish(lake, {("BTC", 0): 1.0, ("BTC", 5): 2.0}, RUN)
    for answer in (said, said_in_sql):
        assert answer(lake, DAY + HOUR) == {("BTC", 0): 1.0}
        assert answer(lake, DAY + HOUR, "ingested_at") == {}
        assert answer(lake, RUN, "ingested_at") == {("BTC", 0): 1.0, ("BTC", 5): 2.0}


def test_a_row_that_comes_again_after_it_was_dropped_was_not_there_in_between(lake):
    publish(lake, {("BTC", 0): 1.0}, RUN)
    publish(lake, {}, RUN + HOUR)
    publish(lake, {("BTC", 0): 1.0}, RUN + 2 * HOUR)
    for answer in (said, said_in_sql):
        assert answer(lake, RUN) == {("BTC", 0): 1.0}
        assert answer(lake, RUN + HOUR) == {}
        assert answer(lake, RUN + 2 * HOUR) == {("BTC", 0): 1.0}


def test_killed_between_its_two_files_a_commit_has_changed_nothing(lake, tmp_path):
    publish(lake, {("BTC", 0): 1.0}, RUN)
    path = lake.path("scores", DAY.date())
    before = path.read_bytes()
    publish(lake, {("BTC", 0): 1.5}, RUN + HOUR)
    path.write_bytes(before)  # the revisions are written first
    for answer in (said, said_in_sql):
        for instant in (RUN, RUN + HOUR, RUN + 2 * HOUR):
            assert answer(lake, instant) == {("BTC", 0): 1.0}
    publish(lake, {("BTC", 0): 1.5}, RUN + 2 * HOUR)
    for answer in (said, said_in_sql):
        assert answer(lake, RUN + HOUR) == {("BTC", 0): 1.0}
        assert answer(lake, RUN + 2 * HOUR) == {("BTC", 0): 1.5}


COINS_AND_HOURS = st.tuples(st.sampled_from(["BTC", "ETH"]), st.integers(0, 2))
TABLES = st.dictionaries(COINS_AND_HOURS, st.sampled_from([1.0, 2.0, None]), max_size=6)


@settings(max_examples=20)
@given(st.lists(TABLES, min_size=1, max_size=6))
def test_after_any_recomputations_the_table_says_what_a_reader_saw_at_each_instant(
    tmp_path_factory, published
):
    says_what_a_reader_saw(tmp_path_factory, published)


@pytest.mark.nightly
@settings(max_examples=200)
@given(st.lists(TABLES, min_size=1, max_size=9))
def test_so_it_does_after_many_more(tmp_path_factory, published):
    says_what_a_reader_saw(tmp_path_factory, published)


def says_what_a_reader_saw(tmp_path_factory, published):
    """Publish one table after the other and read each of them back, in Python and in SQL."""
    lake = Lake(tmp_path_factory.mktemp("derived") / "warehouse")
    for n, values in enumerate(published):
        publish(lake, values, RUN + n * HOUR)
    for n, values in enumerate(published):
        # by the market's clock a row of the past counts from the past, whenever it came first
        later = {key: value for each in published[:n:-1] for key, value in each.items()}
        ever = {key for each in published[: n + 1] for key in each}
        first_later = {key: value for key, value in later.items() if key not in ever}
        for instant in (RUN + n * HOUR, RUN + n * HOUR + HOUR / 2):
            assert said(lake, instant, "ingested_at") == values
            assert said(lake, instant) == values | first_later
    assert said_in_sql(lake, RUN, "ingested_at") == published[0]
    last = RUN + len(published) * HOUR
    assert said_in_sql(lake, last) == said_in_sql(lake, last, "ingested_at") == published[-1]


@pytest.fixture
def of_before(lake: Lake) -> Lake:
    """A table that an earlier version began: its files have no ``derived_at``."""
    publish(lake, {("BTC", 0): 1.0, ("ETH", 0): 2.0}, RUN)
    path = lake.path("scores", DAY.date())
    pl.read_parquet(path).drop("derived_at").write_parquet(path)
    return lake


def test_a_table_of_an_earlier_version_is_read_and_goes_on(of_before):
    rows = of_before.read(Scores, DAY.date())
    assert rows.columns == Scores.columns()
    assert rows["derived_at"].null_count() == 2
    assert said(of_before, DAY + HOUR, "ingested_at") == {("BTC", 0): 1.0, ("ETH", 0): 2.0}
    publish(of_before, {("BTC", 0): 1.0, ("ETH", 0): 2.5}, RUN + HOUR)
    day = DAY.date() + timedelta(days=1)
    of_before.replace(Scores, scores({("BTC", 30): 3.0}), day, at=RUN + HOUR)
    whole = of_before.scan(Scores, DAY.date(), day).collect()
    assert whole["score"].to_list() == [1.0, 2.5, 3.0]
    for answer in (said, said_in_sql):
        assert answer(of_before, RUN) == {("BTC", 0): 1.0, ("ETH", 0): 2.0}
        assert answer(of_before, RUN + HOUR) == {("BTC", 0): 1.0, ("ETH", 0): 2.5}
    rebuild(of_before, (Scores,))
    with connect(of_before) as connection:
        found = connection.sql("SELECT score, derived_at FROM scores ORDER BY ts, coin").fetchall()
    assert found == [(1.0, None), (2.5, None), (3.0, None)]


def test_the_view_of_revisions_says_when_a_version_was_superseded(lake):
    publish(lake, {("BTC", 0): 1.0}, RUN)
    rebuild(lake, (Scores,))
    with connect(lake) as connection:
        assert connection.sql("FROM scores_revisions").fetchall() == []
    publish(lake, {("BTC", 0): 1.5}, RUN + HOUR)
    rebuild(lake, (Scores,))
    with connect(lake) as connection:
        query = "SELECT score, derived_at, superseded_at FROM scores_revisions"
        assert connection.sql(query).pl().rows() == [(1.0, RUN, RUN + HOUR)]


def test_what_lake_and_files_say_is_the_same(lake):
    publish(lake, {("BTC", 0): 1.0, ("ETH", 1): None}, RUN)
    assert_frame_equal(
        lake.read(Scores, DAY.date()),
        lake.scan(Scores, DAY.date(), DAY.date()).collect(),
    )
