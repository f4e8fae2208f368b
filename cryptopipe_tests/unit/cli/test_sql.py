import pytest

from cryptopipe_assets.cli.sql import ask, sql
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.storage.catalog.catalog import rebuild
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_tests.reference.quotes import DAY, Quotes, quotes


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
