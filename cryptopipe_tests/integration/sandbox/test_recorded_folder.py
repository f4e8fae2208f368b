"""What a folder of recordings must hold, and how its symbols are read."""

from datetime import UTC, datetime

import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.sandbox.recorded.folder import RecordedFolder, split_symbol
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
    with pytest.raises(
        RequestError, match=r"um-klines-1m/<SYM>-1m-<YYYY-MM>\[-<DD>\]\.csv\[\.gz\]"
    ):
        RecordedSource(tmp_path / name)


FEBRUARY = 1_769_904_000_000  # 2026-02-01 00:00 UTC


def _write_minutes(folder, name, opens):
    path = folder / "binance" / "um-klines-1m" / name
    path.parent.mkdir(parents=True)
    path.write_text(
        "".join(f"{t},1.5,1.5,1.5,1.5,10,{t + 59_999},15,3,4,6,0\n" for t in opens),
        encoding="ascii",
    )


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_bars_in_any_order_cover_the_same_span_and_listing(tmp_path, order):
    _write_minutes(tmp_path, "FILUSDT-1m-2026-02.csv", [FEBRUARY + 60_000 * at for at in order])
    source = RecordedSource(tmp_path)
    first, last = source.coverage()["ohlcv_1m"]["FILUSDT"]
    assert first == datetime(2026, 2, 1, 0, 0, tzinfo=UTC)
    assert last == datetime(2026, 2, 1, 0, 3, tzinfo=UTC)
    assert RecordedFolder(tmp_path).instrument("FILUSDT").listed == FEBRUARY


@pytest.mark.parametrize("month", ["2026-01", "2026-03"])
def test_bars_outside_of_the_month_in_the_name_are_refused_naming_the_file(tmp_path, month):
    _write_minutes(tmp_path, f"FILUSDT-1m-{month}.csv", [FEBRUARY])
    with pytest.raises(UnreadableRecording, match=rf"FILUSDT-1m-{month}\.csv.*2026-02-01"):
        RecordedSource(tmp_path).coverage()
