"""Coins whose contracts have another name than the coin."""

import polars as pl
import pytest

from cryptopipe_assets.core.coin_names import (
    coin_names,
    contract_name_of,
    successor_of,
    ticker_of,
    under_contract_names,
)
from cryptopipe_assets.core.universe import Universe

ALIASES = {"BEAMX": "BEAM", "DODOX": "DODO", "LUNA2": "LUNA", "RAYSOL": "RAY"}


@pytest.mark.parametrize(("name", "coin"), ALIASES.items())
def test_a_contract_of_another_name_is_of_the_coin(name, coin):
    assert ticker_of(name) == coin
    assert contract_name_of(coin) == name


def test_a_coin_without_a_line_is_itself():
    assert ticker_of("BTC") == "BTC"
    assert contract_name_of("BTC") is None
    assert successor_of("BTC") is None


def test_what_became_of_a_coin_is_known_with_its_day():
    polygon = successor_of("MATIC")
    assert polygon is not None
    assert (polygon.coin, f"{polygon.since}") == ("POL", "2024-09-04")
    assert successor_of("BEAMX") is None


def test_every_line_says_where_it_was_learnt_and_no_name_has_two_of_a_kind():
    lines = coin_names()
    assert all(each.source for each in lines)
    assert all((each.since is None) == (each.kind == "alias") for each in lines)
    assert len({(each.name, each.kind == "alias") for each in lines}) == len(lines)


def test_a_cap_is_found_under_the_contracts_name_unless_that_is_a_coin_itself():
    caps = pl.DataFrame({"coin": ["BEAM", "BTC", "DODO", "DODOX"], "cap": [1, 2, 3, 4]})
    found = under_contract_names(caps)
    assert sorted(found.rows()) == sorted([*caps.rows(), ("BEAMX", 1)])


def test_a_line_of_a_coin_whose_contract_has_another_name_says_which():
    listed = pl.DataFrame(
        {
            "venue": ["binance"] * 3,
            "symbol": ["BEAMX-USDT-PERP", "POL-USDT-PERP", "BTC-USDT-PERP"],
            "coin": ["BEAMX", "POL", "BTC"],
            "quote": ["USDT"] * 3,
            "contract_type": ["PERPETUAL"] * 3,
            "status": ["TRADING"] * 3,
            "delisted_at": [None] * 3,
        }
    )
    chosen = Universe(venue="binance", quote="USDT", tiers={"all": ("BTC", "BEAM", "MATIC")})
    said = chosen.unlisted(listed)
    assert "calls its contract of BEAM BEAMX; write BEAMX in that line" in said["BEAM"]
    assert "MATIC was renamed POL on 2024-09-04" in said["MATIC"]
