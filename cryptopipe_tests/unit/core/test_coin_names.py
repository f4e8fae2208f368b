"""Coins whose contracts have another name than the coin."""

from collections import Counter

import polars as pl
import pytest

from cryptopipe_assets.core.coin_names import EVENTS, KINDS, CoinName, CoinNames, coin_names
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.universe import Universe

NAMES = coin_names()
ALIASES = {"BEAMX": "BEAM", "DODOX": "DODO", "LUNA2": "LUNA", "RAYSOL": "RAY"}


@pytest.mark.parametrize(("name", "coin"), ALIASES.items())
def test_a_contract_of_another_name_is_of_the_coin(name, coin):
    assert NAMES.ticker_of(name) == coin
    assert NAMES.contract_name_of(coin) == name


def test_a_coin_without_a_line_is_itself():
    assert NAMES.ticker_of("BTC") == "BTC"
    assert NAMES.contract_name_of("BTC") is None
    assert NAMES.successor_of("BTC") is None


def test_what_became_of_a_coin_is_known_with_its_day():
    polygon = NAMES.successor_of("MATIC")
    assert polygon is not None
    assert (polygon.coin, f"{polygon.since}") == ("POL", "2024-09-04")
    assert NAMES.successor_of("BEAMX") is None


def test_every_line_says_where_it_was_learnt_and_when_it_happened():
    for each in NAMES.lines:
        assert each.source
        assert each.kind in KINDS
        assert each.since is not None or each.kind not in EVENTS
        assert (each.ratio is not None) == (each.kind in ("merger", "redenomination"))


def test_no_id_is_given_to_two_coins():
    held = Counter(known for each in NAMES.lines for known in each.ids)
    assert max(held.values()) == 1


def test_a_coin_has_one_newest_name_however_often_it_was_renamed():
    chain = CoinNames(
        tuple(
            CoinName(name=old, coin=new, kind="rename", source="a test")
            for old, new in (("A1", "B1"), ("B1", "C1"))
        )
    )
    assert [chain.newest(name) for name in ("A1", "B1", "C1", "D1")] == ["C1", "C1", "C1", "D1"]
    assert chain.spellings("B1") == {"A1", "B1", "C1"}


def test_names_that_go_round_in_a_circle_are_refused():
    lines = tuple(
        CoinName(name=old, coin=new, kind="alias", source="a test")
        for old, new in (("A1", "B1"), ("B1", "A1"))
    )
    with pytest.raises(ConfigError, match="A1 is B1 is A1"):
        CoinNames(lines)


def test_every_spelling_of_a_coin_is_known_and_none_of_its_namesakes():
    assert NAMES.spellings("POL") == NAMES.spellings("MATIC") == {"MATIC", "POL"}
    assert NAMES.spellings("LUNA") == {"LUNA", "LUNA2"}
    assert NAMES.spellings("LUNC") == {"LUNC"}
    assert NAMES.spellings("FET") == {"FET"}


def test_an_id_is_of_the_coin_that_has_the_ticker_today():
    assert NAMES.id_of("LUNA", "coingecko") == "terra-luna-2"
    assert NAMES.id_of("BEAM", "coingecko") == "beam-2"
    assert NAMES.id_of("BTT", "coinmarketcap") == "16086"
    assert NAMES.id_of("BTC", "coingecko") is None


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


@pytest.mark.parametrize(
    ("old", "new", "kind", "ratio"),
    [
        ("KLAY", "KAIA", "rename", None),
        ("NANO", "XNO", "rename", None),
        ("TOMO", "VIC", "rename", None),
        ("GAL", "G", "redenomination", 60),
        ("LEND", "AAVE", "redenomination", 0.01),
    ],
)
def test_what_became_of_a_coin_is_known_with_how_many_of_the_new_one_it_is(old, new, kind, ratio):
    found = NAMES.successor_of(old)
    assert (found.coin, found.kind, found.ratio) == (new, kind, ratio)
    assert (new in NAMES.spellings(old)) == (kind == "rename")
