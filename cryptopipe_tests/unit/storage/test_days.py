from datetime import date

import pytest

from cryptopipe_assets.storage.days import day_of_folder, odd_folders
from cryptopipe_assets.storage.inventory import survey
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_tests.reference.quotes import DAY, Quotes, quotes

ODD = ("date=2026-11-99", "date=20260210", "date=2026-W07-2", "date=", "date=2026-02-10 (copy)")


@pytest.mark.parametrize("name", [*ODD, "2026-02-10", ".date=2026-02-10", "part-0.parquet"])
def test_a_name_that_is_no_day_is_none(name):
    assert day_of_folder(name) is None


def test_a_day_is_the_one_that_it_is_spelled_as():
    assert day_of_folder("date=2026-02-10") == date(2026, 2, 10)


def test_folders_of_no_day_are_ignored_by_readers_and_can_be_listed(tmp_path):
    lake = Lake(tmp_path)
    lake.upsert(Quotes, quotes(3), DAY.date())
    whole = lake.path("quotes", DAY.date())
    for name in ODD:
        (tmp_path / "quotes" / name).mkdir()
        (tmp_path / "quotes" / name / whole.name).write_bytes(whole.read_bytes())
    assert lake.days("quotes") == [DAY.date()]
    assert list(survey(tmp_path, "quotes", has_days=True).days) == [DAY.date()]
    assert lake.scan(Quotes, date(2026, 1, 1), date(2027, 1, 1)).collect().height == 3
    assert odd_folders(str(tmp_path / "quotes")) == sorted(ODD)
