import pytest

from cryptopipe_assets.cli.sql import ask, sql
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.storage.catalog.catalog import rebuild
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_tests.reference.quotes import DAY, Quotes, quotes

pytestmark = pytest.mark.slow


@pytest.fixture
def filled(settings: Settings) -> Settings:
    lake = Lake(settings.warehouse)
    lake.upsert(Quotes, quotes(3), DAY.date())
    rebuild(lake, (Quotes,))
    return settings


def test_an_answer_is_a_table(filled, capsys):
    sql(filled, "SELECT count(*) AS n, '[/oops]' AS text FROM quotes", form="table")
    assert "[/oops]" in capsys.readouterr().out


def test_a_file_is_written_only_if_asked_for(filled, tmp_path):
    query = f"COPY (FROM quotes) TO '{tmp_path}/quotes.csv'"
    with pytest.raises(RequestError, match="add --unsafe"):
        ask(filled, query)
    assert not (tmp_path / "quotes.csv").exists()
    ask(filled, query, unsafe=True)
    assert len((tmp_path / "quotes.csv").read_text().splitlines()) == 4


def test_a_door_that_is_shut_is_said_with_how_to_open_it(filled, tmp_path):
    (tmp_path / "other.csv").write_text("a\n1\n")
    query = f"FROM read_csv('{tmp_path}/other.csv')"
    with pytest.raises(RequestError, match="may read the warehouse only; --unsafe opens the rest"):
        ask(filled, query)
    assert ask(filled, query, unsafe=True).rows() == [(1,)]


@pytest.mark.parametrize("form", ["table", "csv", "json"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("INTERVAL 90 SECOND", "00:01:30"),
        ("[INTERVAL 1 DAY]", "1 day"),
        ("{'a': INTERVAL 3 MONTH}", "3 months"),
        ("'101'::BIT", "101"),
        ("'x'::BLOB", "x"),
        ("union_value(k := 17)", "17"),
        ("123456789::BIGNUM", "123456789"),
        ("MAP {'k': 17}", "17"),
        ("array_value(16, 17)", "17"),
        ("[16, 17]", "17"),
        ("TIMETZ '01:02:03+01'", "01:02:03"),
    ],
)
def test_values_that_a_frame_does_not_hold_are_spelled_as_text(filled, capsys, value, shown, form):
    sql(filled, f'SELECT {value} AS "a ""b""", 1 AS a, 2 AS a', form=form)
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_value_that_cannot_be_shown_is_said_with_how_to_show_it(filled, form):
    with pytest.raises(RequestError, match=r"cannot be shown .* CAST\(... AS VARCHAR\)"):
        sql(filled, "SELECT TIMESTAMP 'infinity' AS t", form=form)
