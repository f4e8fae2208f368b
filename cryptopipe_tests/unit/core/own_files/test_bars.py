"""A bar that cannot have been is named by file, line and column; nothing of its file is read."""

import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.own_files.bars import KLINE_COLUMNS, read_klines

OCTOBER = 1_759_276_800_000  # 2025-10-01 00:00 UTC
MINUTE = 60_000
GOOD = f"{OCTOBER},1.5,1.6,1.4,1.5,10,{OCTOBER + MINUTE - 1},15,3,4,6,0"


def second(**cells: object) -> str:
    """A sound bar of the second minute, but for these cells."""
    names = KLINE_COLUMNS.split(",")
    opened = OCTOBER + MINUTE
    sound = [opened, 1.5, 1.6, 1.4, 1.5, 10, opened + MINUTE - 1, 15, 3, 4, 6, 0]
    return ",".join(
        str(each) for each in {**dict(zip(names, sound, strict=True)), **cells}.values()
    )


def read(folder, *lines: str, name: str = "FILUSDT-1m-2025-10.csv", within=None) -> list[int]:
    path = folder / name
    path.write_text("\n".join(lines))
    return list(read_klines(path, MINUTE, within).opens)


def test_sound_bars_are_read_in_the_order_of_time(tmp_path):
    assert read(tmp_path, second(), GOOD, GOOD) == [OCTOBER, OCTOBER + MINUTE]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"high": 1.39}, "column high: 1.39 is not the highest"),
        ({"low": 1.55}, "column low: 1.55 is not the lowest"),
        ({"low": 0}, "column low: expected a price above 0"),
        ({"close": -1}, "column close: expected a price above 0"),
        ({"volume": -1}, "column volume: expected an amount"),
        ({"quote_volume": 1500}, "column quote_volume: 1500 does not fit"),
        ({"quote_volume": 0.1}, "column quote_volume: 0.1 does not fit"),
        ({"taker_buy_volume": 11}, "column taker_buy_volume: expected 0 to 10"),
        ({"taker_buy_quote_volume": -1}, "column taker_buy_quote_volume: expected an amount"),
        ({"taker_buy_quote_volume": ""}, "column taker_buy_quote_volume: it is missing"),
        ({"count": ""}, "column count: it is missing, though columns of the takers"),
        ({"close_time": OCTOBER}, "column close_time: expected"),
        ({"open_time": OCTOBER + MINUTE + 1}, "column open_time: .* not on a grid of 60000 ms"),
        ({"open_time": OCTOBER, "close_time": OCTOBER + MINUTE - 1, "volume": 11}, "two different"),
        ({"high": "1e999"}, "finite"),
        (
            {"taker_buy_volume": "", "taker_buy_quote_volume": ""},
            "column taker_buy_volume: it is there in some rows and empty in others",
        ),
    ],
)
def test_what_cannot_be_true_of_a_bar_is_named_by_line_and_column(tmp_path, cells, fault):
    with pytest.raises(RequestError, match=rf"FILUSDT-1m-2025-10\.csv.* line 3: .*{fault}"):
        read(tmp_path, KLINE_COLUMNS, GOOD, second(**cells))


def test_a_bar_of_other_days_than_the_files_name_is_named_by_its_line(tmp_path):
    with pytest.raises(RequestError, match=r"line 2: column open_time: .* 2025-10-01 00:01"):
        read(tmp_path, GOOD, second(), within=(OCTOBER, OCTOBER + MINUTE))


def test_bars_without_trades_are_sound(tmp_path):
    idle = second(volume=0, quote_volume=0, count=0, taker_buy_volume=0, taker_buy_quote_volume=0)
    assert read(tmp_path, GOOD, idle) == [OCTOBER, OCTOBER + MINUTE]
