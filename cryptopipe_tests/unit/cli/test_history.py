"""Which contracts the names on the command line mean."""

import polars as pl
import pytest

from cryptopipe_assets.cli.history import chosen
from cryptopipe_assets.core.errors import RequestError

LISTED = pl.DataFrame(
    {
        "symbol": ["1000PEPE-USDT-PERP", "BTC-USDT-PERP", "BTC-USDC-PERP", "LUNA-USDT-PERP"],
        "coin": ["PEPE", "BTC", "BTC", "LUNA"],
        "tier": ["hourly", "quick", None, None],
    }
)


@pytest.mark.parametrize(
    ("names", "symbols"),
    [
        (["BTC"], ["BTC-USDT-PERP"]),
        (["pepe", "btc-usdt-perp"], ["1000PEPE-USDT-PERP", "BTC-USDT-PERP"]),
        (["LUNA-USDT-PERP"], ["LUNA-USDT-PERP"]),
    ],
)
def test_a_coin_means_its_followed_contract_and_a_contract_itself(names, symbols):
    assert chosen(LISTED, names)["symbol"].to_list() == symbols


@pytest.mark.parametrize("name", ["LUNA", "NOPE", "BTCUSDT"])
def test_another_name_is_an_error_that_says_where_to_look(name):
    with pytest.raises(RequestError, match=f"{name} is no contract.*FROM instruments"):
        chosen(LISTED, ["BTC", name])
