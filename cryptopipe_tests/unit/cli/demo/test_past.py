"""On which evenings of its past the demo writes down the supplies."""

from datetime import date, timedelta

from cryptopipe_assets.cli.demo.past import evenings


def test_they_are_the_first_days_of_some_months_and_yesterday():
    assert evenings(date(2026, 11, 25)) == [
        *(date(2025, 12, 1), date(2026, 2, 1), date(2026, 5, 1), date(2026, 8, 1)),
        *(date(2026, 10, 1), date(2026, 11, 1), date(2026, 11, 24)),
    ]


def test_whatever_the_day_a_year_is_spanned_and_no_filled_day_lacks_a_fresh_supply():
    for today in (date(2026, 1, 1) + timedelta(days=n) for n in range(365)):
        found = evenings(today)
        assert found[-1] == today - timedelta(days=1)
        assert timedelta(days=300) < found[-1] - found[0] <= timedelta(days=366)
        for filled in (today - timedelta(days=n) for n in range(1, 11)):
            assert any(timedelta(0) <= filled - each <= timedelta(days=44) for each in found)
