"""What a person may ask for, and the sentence for what there cannot be."""

from datetime import date, timedelta

import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.operations.request import require_range, with_ancestors

START, TODAY = date(2024, 1, 1), date(2026, 3, 10)
DAY = timedelta(days=1)


@pytest.mark.parametrize(("first", "last"), [(START, START), (TODAY, TODAY), (START, TODAY)])
def test_days_from_the_first_partition_to_today_may_be_asked_for(first, last):
    require_range(first, last, start=START, today=TODAY)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (TODAY, TODAY - DAY, "ends .2026-03-09. before it starts .2026-03-10.; swap the two"),
        (START - DAY, TODAY, "2023-12-31 is before the first partition, 2024-01-01"),
        (START, TODAY + DAY, "2026-03-11 is in the future; the newest partition is 2026-03-10"),
    ],
)
def test_other_days_are_refused_with_what_to_do(first, last, said):
    with pytest.raises(RequestError, match=said):
        require_range(first, last, start=START, today=TODAY)


def test_a_table_comes_with_what_it_is_made_from_in_the_order_of_work():
    assert with_ancestors(["microstructure_1h"])[-1] == "microstructure_1h"
    assert "ohlcv_1m" in with_ancestors(["microstructure_1h"])
    assert set(with_ancestors(None)) > set(with_ancestors(["microstructure_1h"]))


def test_an_unknown_table_is_named_with_those_that_there_are():
    with pytest.raises(RequestError, match=r"unknown table 'ohlc'; known are .*ohlcv_1m"):
        with_ancestors(["ohlc"])
