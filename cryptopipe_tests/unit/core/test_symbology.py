"""Names of instruments."""

import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.symbology import canonical, perpetual, split_multiplier


@pytest.mark.parametrize(
    ("base", "coin", "multiplier"),
    [
        ("BTC", "BTC", 1),
        ("1000PEPE", "PEPE", 1000),
        ("10000LADYS", "LADYS", 10_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("1INCH", "1INCH", 1),
        ("1000X", "1000X", 1),
        ("C98", "C98", 1),
    ],
)
def test_the_multiplier_belongs_to_the_contract_and_not_to_the_coin(base, coin, multiplier):
    assert split_multiplier(base) == (coin, multiplier)


def test_a_perpetual_is_base_quote_perp():
    assert perpetual("1000PEPE", "USDT") == "1000PEPE-USDT-PERP"


def test_a_canonical_name_is_upper_case():
    assert canonical(" btc-usdt-perp ") == "BTC-USDT-PERP"


@pytest.mark.parametrize("name", ["BTCUSDT", "BTC-USDT", "BTC-USDT-PERP-X", ""])
def test_another_spelling_is_refused_with_an_example(name):
    with pytest.raises(RequestError, match="such as BTC-USDT-PERP"):
        canonical(name)
