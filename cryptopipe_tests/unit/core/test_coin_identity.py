"""Which rows are of one coin, whatever it was called."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cryptopipe_assets.core.coin_identity import (
    contract_names,
    one_name_a_day,
    with_identity,
    with_identity_of_caps,
)
from cryptopipe_assets.core.coin_names import coin_names

NAMES = coin_names()


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def frame(*rows: tuple[str, ...]) -> pl.DataFrame:
    """Rows of ts, coin and perhaps coin_id."""
    names = ["ts", "coin", "coin_id"][: len(rows[0])]
    return pl.DataFrame(
        [(instant(ts), *more) for ts, *more in rows],
        schema=names,
        schema_overrides={"ts": pl.Datetime("ms", "UTC")},
        orient="row",
    )


def identity(ts: str, coin: str) -> str:
    return with_identity(frame((ts, coin)), NAMES)["identity"].item()


def identity_of_cap(ts: str, coin: str, coin_id: str = "coinmarketcap:0") -> str:
    return with_identity_of_caps(frame((ts, coin, coin_id)), NAMES)["identity"].item()


def test_matic_before_its_rename_and_pol_after_it_are_one_coin():
    before, after = identity("2023-01-01", "MATIC"), identity("2025-01-01", "POL")
    assert before == after == identity("2024-09-08", "MATIC") == "POL"


@pytest.mark.parametrize(
    ("ts", "coin", "expected"),
    [
        ("2022-05-27T23:59", "LUNA", "LUNC"),
        ("2022-05-28", "LUNA", "LUNA"),
        ("2023-01-01", "LUNA2", "LUNA"),
        ("2023-01-01", "LUNC", "LUNC"),
        ("2023-10-26", "BEAM", "BEAM"),
        ("2023-10-26", "BEAMX", "BEAM"),
        ("2021-01-01", "BEAM", "coingecko:beam"),
        ("2025-01-01", "BTC", "BTC"),
    ],
)
def test_a_name_means_the_coin_that_had_it_at_the_time(ts, coin, expected):
    assert identity(ts, coin) == expected


def test_a_merged_coin_and_an_old_unit_are_coins_of_their_own():
    assert identity("2024-01-01", "AGIX") == identity("2025-01-01", "AGIX") == "AGIX"
    assert identity("2023-01-01", "MC") == "MC"
    assert identity("2021-12-11", "BTT") == "BTT before 2021-12-12"
    assert identity("2021-12-12", "BTT") == "BTT"


def test_a_close_of_midnight_is_of_the_name_that_the_ended_day_had():
    assert identity_of_cap("2022-05-28", "LUNA") == "LUNC"
    assert identity_of_cap("2022-05-29", "LUNA") == "LUNA"


def test_a_vendors_id_goes_before_the_ticker():
    assert identity_of_cap("2025-01-01", "BEAM", "coinmarketcap:3702") == "coingecko:beam"
    assert identity_of_cap("2025-01-01", "BEAM", "coingecko:beam-2") == "BEAM"
    assert identity_of_cap("2025-01-01", "LUNA", "coinmarketcap:4172") == "LUNC"
    assert identity_of_cap("2025-01-01", "BTT", "coingecko:bittorrent-old") != "BTT"


def test_an_id_does_not_speak_of_days_before_its_coin():
    assert identity_of_cap("2021-01-01", "LUNA", "coinmarketcap:20314") == "LUNC"


def test_contracts_of_two_names_of_one_coin_have_one_name_a_day_the_one_of_the_day():
    rows = with_identity(
        frame(
            ("2024-09-03T10:00", "MATIC"),
            ("2024-09-03T10:00", "POL"),
            ("2024-09-05T10:00", "MATIC"),
            ("2024-09-05T11:00", "POL"),
            ("2024-09-06T10:00", "MATIC"),
            ("2024-09-06T10:00", "BEAMX"),
            ("2024-09-06T10:00", "BEAM"),
            ("2024-09-07T10:00", "BEAMX"),
        ),
        NAMES,
    )
    found = one_name_a_day(rows, NAMES)["coin"].to_list()
    assert found == ["MATIC"] * 2 + ["POL"] * 2 + ["MATIC", "BEAM", "BEAM", "BEAMX"]


def test_a_price_finds_the_names_of_its_contracts_on_its_day():
    prices = with_identity(
        frame(
            ("2024-10-01", "BEAM"),
            ("2021-10-01", "BEAM"),
            ("2021-10-01", "LUNA"),
            ("2023-10-01", "LUNA"),
            ("2023-10-01", "BTC"),
            ("2023-10-01", "DOGE"),
        ),
        NAMES,
    )
    listed = pl.Series(["BEAMX", "LUNA", "LUNA2", "BTC", "LUNC"])
    found = contract_names(prices, listed, NAMES).sort("ts", "coin", "contract_coin")
    assert found.select(pl.col("ts").dt.year(), "coin", "contract_coin").rows() == [
        (2021, "LUNA", "LUNA"),
        (2021, "LUNA", "LUNC"),
        (2023, "BTC", "BTC"),
        (2023, "LUNA", "LUNA"),
        (2023, "LUNA", "LUNA2"),
        (2024, "BEAM", "BEAMX"),
    ]


def test_rows_keep_their_order_and_number():
    day = timedelta(days=1)
    rows = frame(*((f"{instant('2024-09-01') + n * day:%Y-%m-%d}", "MATIC") for n in range(5)))
    found = with_identity(rows.reverse(), NAMES)
    assert found.drop("identity").equals(rows.reverse())
