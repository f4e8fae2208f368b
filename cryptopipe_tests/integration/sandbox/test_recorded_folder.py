"""What a folder of recordings must hold, and how its symbols are read."""

import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.sandbox.recorded.folder import split_symbol
from cryptopipe_assets.sandbox.recorded.source import RecordedSource


@pytest.mark.parametrize(
    ("symbol", "parts"),
    [
        ("1000PEPEUSDT", ("1000PEPE", "USDT")),
        ("BTCUSDC", ("BTC", "USDC")),
        ("ETHBTC", ("ETH", "BTC")),
        ("USDCUSDT", ("USDC", "USDT")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("ODDPAIR", ("ODDPAIR", "")),
    ],
)
def test_a_symbol_is_split_at_its_quote(symbol, parts):
    assert split_symbol(symbol) == parts


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_folder_without_recordings_is_refused_with_the_expected_layout(tmp_path, name):
    (tmp_path / "unrelated.csv").write_text("a,b\n")
    with pytest.raises(RequestError, match=r"um-klines-1m/<SYM>-1m-<YYYY-MM>\.csv\.gz"):
        RecordedSource(tmp_path / name)
