"""Kline rows made into bars: exact numbers, and no row that breaks a promise."""

import json
import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryptopipe_assets.vendors.binance.kline_pages import page_as_csv
from cryptopipe_assets.vendors.binance.parse_klines import (
    BAR_SCHEMA,
    HEADER,
    NUMBERS,
    bars_of,
    read_klines,
)
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape
from cryptopipe_tests.places import PAYLOADS

FOLDER = PAYLOADS / "binance"
START, END = datetime(2026, 2, 3, tzinfo=UTC), datetime(2026, 2, 4, tzinfo=UTC)
FIELDS = ["1770120000000", '"5"', '"7"', '"4"', '"6"', '"9"', "1770120059999", '"50"', "3"]
ROW = [*FIELDS, '"8"', '"44"', '"0"']


def bars(csv: bytes) -> pl.DataFrame:
    return bars_of(read_klines(csv), "BTC-USDT-PERP", start=START, end=END)


def line(**changes: str) -> bytes:
    """The good row above with some fields changed."""
    places = {name: n for n, name in enumerate(NUMBERS)}
    fields = list(ROW)
    for name, value in changes.items():
        fields[places[name]] = value
    return ",".join(fields).encode()


def test_rest_page_and_archive_file_of_the_same_minutes_are_the_same_bars():
    page = (FOLDER / "klines_1m.json").read_bytes().strip()
    file = (FOLDER / "BTCUSDT-1m-2026-02-03.csv").read_bytes()
    from_rest, from_archive = bars(page_as_csv(page)), bars(file)
    assert_frame_equal(from_rest, from_archive, check_exact=True)
    assert from_rest.schema == BAR_SCHEMA
    assert from_rest.row(2, named=True) == {
        "ts": datetime(2026, 2, 3, 12, 2, tzinfo=UTC),
        "available_at": datetime(2026, 2, 3, 12, 3, 0, 1000, tzinfo=UTC),
        "venue": "binance",
        "symbol": "BTC-USDT-PERP",
        "open": 101.75,
        "high": 103.1,
        "low": 101.7,
        "close": 103.0,
        "volume_base": 30.125,
        "volume_quote": 3087.8125,
        "trades": 107,
        "taker_buy_base": 30.125,
        "taker_buy_quote": 3087.8125,
    }


def test_a_file_without_header_or_with_windows_line_ends_reads_the_same():
    file = (FOLDER / "BTCUSDT-1m-2026-02-03.csv").read_bytes()
    bare = file.partition(b"\n")[2]
    assert_frame_equal(bars(bare), bars(file), check_exact=True)
    assert_frame_equal(bars(file.replace(b"\n", b"\r\n")), bars(file), check_exact=True)


def test_microseconds_become_milliseconds():
    micro = line(open_time="1770120000000000", close_time="1770120059999999")
    assert_frame_equal(bars(micro), bars(line()), check_exact=True)


def test_a_page_with_white_space_reads_like_one_without():
    page = (FOLDER / "klines_1m.json").read_bytes()
    spaced = json.dumps(json.loads(page), indent=1).encode()
    assert page_as_csv(spaced) == page_as_csv(page.strip())


def test_numbers_are_read_as_python_reads_them():
    rng = random.Random(5)
    texts = [
        f"{rng.random() * 10 ** rng.randint(-8, 9):.{rng.randint(1, 14)}f}" for _ in range(2000)
    ]
    rows = [line(open=f'"{text}"', close=text) for text in texts]
    read = read_klines(b"\n".join(rows))
    assert read["open"].to_list() == [float(text) for text in texts]
    assert read["close"].to_list() == [float(text) for text in texts]


def test_no_rows_have_the_whole_schema():
    for nothing in (b"", HEADER, HEADER + b"\n", page_as_csv(b"[]")):
        assert bars(nothing).schema == BAR_SCHEMA
        assert bars(nothing).is_empty()


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (line(open_time="1770120000500", close_time="1770120060499"), "not a whole minute"),
        (line(close_time="1770120060000"), r"close_time is not open_time \+ 59999"),
        (line(high='"5.9"'), "high is not the highest"),
        (line(low='"5.1"'), "low is not the lowest"),
        (line(low='"0"'), "price is not positive"),
        (line(volume_quote='"-1"'), "amount is negative"),
        (line(taker_buy_base='"9.01"'), "takers bought more than was traded"),
        (line(open='"NaN"'), "not finite"),
        (line(volume_base='"inf"'), "not finite"),
        (line(trades=""), "number is missing"),
        (line(open_time="1770076799000", close_time="1770076858999"), "whole minute"),
        (line(open_time="1770076740000", close_time="1770076799999"), "outside 2026-02-03 00:00"),
        (line(open_time="1770163200000", close_time="1770163259999"), "outside"),
        (line() + b"\n" + line(close='"5.5"'), "minute occurs twice"),
    ],
)
def test_a_row_that_breaks_a_promise_is_named_by_symbol_and_minute(row, fault):
    with pytest.raises(UnexpectedShape, match=rf"BTC-USDT-PERP at 2026-02-0\d \d\d:.*{fault}"):
        bars(row)


def without_takers(**changes: str) -> bytes:
    return line(taker_buy_base="", taker_buy_quote='""', **changes)


LATER = {"open_time": "1770120060000", "close_time": "1770120119999"}


def test_bars_that_say_nothing_of_the_takers_have_null_there():
    found = bars(without_takers() + b"\n" + without_takers(**LATER))
    assert found.schema == BAR_SCHEMA
    assert found["taker_buy_base"].to_list() == [None, None]
    assert found["taker_buy_quote"].to_list() == [None, None]
    assert_frame_equal(
        found.drop("taker_buy_base", "taker_buy_quote")[:1],
        bars(line()).drop("taker_buy_base", "taker_buy_quote"),
        check_exact=True,
    )


def test_takers_that_are_missing_in_some_rows_only_are_an_error():
    with pytest.raises(UnexpectedShape, match=r"12:01:00.*a number is missing"):
        bars(line() + b"\n" + without_takers(**LATER))
    with pytest.raises(UnexpectedShape, match="a number is missing"):
        bars(line(taker_buy_quote=""))


def test_bars_of_six_columns_have_null_value_and_trades():
    few = {"volume_quote": "", "trades": ""}
    found = bars(without_takers(**few) + b"\n" + without_takers(**few, **LATER))
    for name in ("volume_quote", "trades", "taker_buy_base", "taker_buy_quote"):
        assert found[name].to_list() == [None, None]
    assert found["volume_base"].to_list() == bars(line())["volume_base"].to_list() * 2


def test_value_or_trades_that_are_missing_beside_takers_or_in_some_rows_only_are_an_error():
    for few in ({"volume_quote": ""}, {"trades": ""}):
        with pytest.raises(UnexpectedShape, match="a number is missing"):
            bars(line(**few))
        with pytest.raises(UnexpectedShape, match="a number is missing"):
            bars(without_takers() + b"\n" + without_takers(**few, **LATER))


def test_a_header_names_the_columns_whatever_their_order_and_number():
    names = [*HEADER.decode().split(",")[::-1], "added"]
    turned = ",".join([*line().decode().split(",")[::-1], "x"])
    assert_frame_equal(read_klines(f"{','.join(names)}\n{turned}".encode()), read_klines(line()))


@pytest.mark.parametrize(
    "csv",
    [
        line(open='"x"'),
        line(trades="3.5"),
        line() + b",1",
        line() + b"\n" + line() + b",1",
        b",".join(line().split(b",")[:9]),
        b"open,high\n1,2",
        HEADER.replace(b"open,high", b"open,top") + b"\n" + line(),
    ],
)
def test_text_of_another_shape_is_an_error(csv):
    with pytest.raises(UnexpectedShape, match="expected"):
        read_klines(csv)


def test_a_line_that_is_too_short_is_an_error():
    short = b",".join(line(open_time="1770120060000").split(b",")[:9])
    with pytest.raises(UnexpectedShape):
        bars(line() + b"\n" + short)


@pytest.mark.parametrize(
    "body", [b"{}", b"[1,2]", b'[[1,["2"]]]', b'[[1,{"a":2}]]', b"[[1],\n2", b"3"]
)
def test_a_page_that_is_no_array_of_flat_arrays_is_an_error(body):
    with pytest.raises(UnexpectedShape, match="array of arrays"):
        page_as_csv(body)


@pytest.mark.realdata
def test_recorded_months_read_the_same_as_pandas_reads_them(realdata):
    import gzip

    import pandas as pd

    files = sorted((realdata / "binance" / "um-klines-1m").glob("*-1m-????-??.csv.gz"))
    assert files, f"no 1-minute recordings below {realdata}"
    for path in files[:2]:
        month = datetime.strptime(path.name[-14:-7], "%Y-%m").replace(tzinfo=UTC)
        after = (month + timedelta(days=31)).replace(day=1)
        raw = gzip.decompress(path.read_bytes())
        ours = bars_of(read_klines(raw), "X-USDT-PERP", start=month, end=after)
        theirs = pd.read_csv(path)
        assert ours.height == len(theirs)
        assert ours["close"].to_list() == theirs["close"].astype(float).to_list()
        assert ours["volume_quote"].to_list() == theirs["quote_volume"].astype(float).to_list()
        assert (
            ours["taker_buy_base"].to_list() == theirs["taker_buy_volume"].astype(float).to_list()
        )
        assert ours["trades"].sum() == theirs["count"].sum()
        assert (ours["ts"].dt.epoch("ms") == pl.Series(theirs["open_time"].to_list())).all()
