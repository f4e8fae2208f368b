"""Files as other programs keep them, through the replay: freqtrade's, and the archive's own."""

import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from cryptopipe_assets.cli.replay import replay
from cryptopipe_assets.core.errors import CryptopipeError
from cryptopipe_assets.sandbox.recorded.source import RecordedSource
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m
from cryptopipe_assets.tables.features.microstructure_1h import Microstructure1h

DAY = date(2025, 10, 1)
MIDNIGHT = 1_759_276_800_000  # of that day, UTC
MINUTES = 1440
SIX = ("date", "open", "high", "low", "close", "volume")
WITH_VALUE_AND_COUNT = "FIL-USDT-PERP"


def bar(at: int) -> tuple[int, float, float, float, float, float]:
    return MIDNIGHT + 60_000 * at, 1.5, 1.75, 1.25, 1.5 + at % 3 / 8, 10.0


def freqtrades() -> pl.DataFrame:
    """Its frame: instants in nanoseconds of pandas, then five numbers."""
    frame = pl.DataFrame([bar(at) for at in range(MINUTES)], schema=SIX, orient="row")
    return frame.with_columns(pl.col("date").cast(pl.Datetime("ms", "UTC")).cast(_NS))


_NS = pl.Datetime("ns", "UTC")


def written(frame: pl.DataFrame, *, feather: bool) -> bytes:
    body = io.BytesIO()
    if feather:
        frame.write_ipc(body, compression="lz4")
    else:
        frame.write_parquet(body)
    return body.getvalue()


def funding_frame() -> pl.DataFrame:
    rates = [(MIDNIGHT + 8 * 3_600_000 * n, 0.0001 * (n + 1), 0.0, 0.0, 0.0, 0.0) for n in range(3)]
    frame = pl.DataFrame(rates, schema=SIX, orient="row")
    return frame.with_columns(pl.col("date").cast(pl.Datetime("ms", "UTC")).cast(_NS))


def full_csv() -> bytes:
    """The archive's twelve columns, of a contract beside those without value, count and takers."""
    lines = [
        f"{t},{o},{h},{lo},{c},{v},{t + 59_999},15,3,4,6,0"
        for t, o, h, lo, c, v in map(bar, range(MINUTES))
    ]
    return "\n".join(lines).encode()


FILES = {
    "futures/BTC_USDT_USDT-1m-futures.feather": lambda: written(freqtrades(), feather=True),
    "futures/ETH_USDT_USDT-1m-futures.parquet": lambda: written(freqtrades(), feather=False),
    "futures/1000PEPE_USDT_USDT-1m-futures.json": lambda: json.dumps(
        [bar(at) for at in range(MINUTES)]
    ).encode(),
    "futures/DOT_USDT_USDT-1m-futures.json.gz": lambda: gzip.compress(
        json.dumps([bar(at) for at in range(MINUTES)]).encode()
    ),
    "um-klines-1m/ADA_USDT_USDT-1m-futures.csv": lambda: (
        freqtrades().with_columns(pl.col("date").dt.epoch("ms")).write_csv().encode()
    ),
    "um-klines-1m/FILUSDT-1m-2025-10-01.csv": full_csv,
    "futures/BTC_USDT_USDT-8h-funding_rate.feather": lambda: written(funding_frame(), feather=True),
    "funding/FILUSDT-fundingRate-2025-10.csv": lambda: (
        b"calc_time,funding_interval_hours,last_funding_rate\n"
        + b"".join(
            b"%d,4,0.000%d\n" % (MIDNIGHT + n * 4 * 3_600_000 + 3, n + 1) for n in (0, 1, 3, 4, 5)
        )
    ),
    "futures/BTC_USDT_USDT-5m-futures.feather": lambda: b"not read",
}


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "binance" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    data: Path = tmp_path_factory.mktemp("others") / "data"
    for name, content in FILES.items():
        put(data, name, content())
    return data


def test_freqtrades_files_fill_the_tables_and_what_they_lack_is_null(settings, folder, capsys):
    tables = ["microstructure_1h", "funding_rate"]
    replay(settings, data=folder, first=DAY, last=DAY, tables=tables, strict=False)
    out = " ".join(capsys.readouterr().out.split())
    assert "BTC_USDT_USDT-5m-futures.feather: files here are named" in out
    assert "not stored" not in out
    lake = Lake(settings.warehouse)
    stored = lake.read(Ohlcv1m, DAY).sort("symbol", "ts")
    closes = [bar(at)[4] for at in range(MINUTES)]
    unknown = ["volume_quote", "trades", "taker_buy_base", "taker_buy_quote"]
    symbols = ["1000PEPE", "ADA", "BTC", "DOT", "ETH", "FIL"]
    assert stored["symbol"].unique().sort().to_list() == [f"{each}-USDT-PERP" for each in symbols]
    for (symbol,), bars in stored.group_by("symbol"):
        assert bars["ts"].dt.epoch("ms").to_list() == [bar(at)[0] for at in range(MINUTES)]
        assert bars["close"].to_list() == closes
        missing = 0 if symbol == WITH_VALUE_AND_COUNT else MINUTES
        assert [bars[name].null_count() for name in unknown] == [missing] * 4, symbol
    hours = lake.read(Microstructure1h, DAY).sort("symbol", "ts")
    assert hours.height == 24 * len(symbols)
    few = hours.filter(pl.col("symbol") != WITH_VALUE_AND_COUNT)
    for name in ("volume_quote", "trades", "taker_buy_base", "taker_buy_ratio", "vwap_exact"):
        assert few[name].null_count() == few.height, name
    assert few["vwap"].null_count() == few["volume_cv"].null_count() == 0
    whole = hours.filter(symbol=WITH_VALUE_AND_COUNT)
    assert whole["trades"].to_list() == [180] * 24
    assert whole["volume_quote"].to_list() == [900.0] * 24
    funding = lake.read(FundingRate, DAY).sort("symbol", "ts")
    btc, fil = funding.filter(symbol="BTC-USDT-PERP"), funding.filter(symbol="FIL-USDT-PERP")
    assert btc["funding_rate"].to_list() == [0.0001 * (n + 1) for n in range(3)]
    assert btc["interval_hours"].to_list() == [None, 8, 8]  # nobody says what came before
    assert fil["funding_rate"].to_list() == [0.0001, 0.0002, 0.0004, 0.0005, 0.0006]
    assert fil["interval_hours"].to_list() == [None, 4, None, 4, 4]  # by REST nobody declares one


HEADER = "open_time,open,high,low,close,volume,close_time,quote_volume,count\n"
LINE = "1759276800000,1.5,1.6,1.4,1.5,10,1759276859999,15,3"


@pytest.mark.parametrize(
    "text",
    [
        "date,open,high,low,close,volume\n1759276800000,1.5,1.6,1.4,1.5,10\n",
        "1759276800000,1.5,1.6,1.4,1.5,10\n",
        '"date","open","high","low","close","volume"\r\n"1759276800000","1.5","1.6","1.4","1.5","10"\r\n',
        "\ufeffdate,open,high,low,close,volume\n1759276800000000,1.5,1.6,1.4,1.5,10\n",
        "Close,Volume,Open,High,Low,Date\n1.5,10,1.5,1.6,1.4,1759276800000\n",
        "pair,timestamp,open,high,low,close,volume\nX,1759276800000,1.5,1.6,1.4,1.5,10\n",
        "timestamp,date,open,high,low,close,volume\n1759276800000,2025-10-01,1.5,1.6,1.4,1.5,10\n",
        "date,open,high,low,close,volume\n2025-10-01 00:00:00+00:00,1.5,1.6,1.4,1.5,10\n",
        "date,open,high,low,close,volume\n2025-10-01T00:00:00Z,1.5,1.6,1.4,1.5,10\n",
    ],
    ids=["header", "none", "quoted", "bom_us", "order", "extra", "two_times", "offset", "zulu"],
)
def test_a_bar_is_the_same_bar_however_it_is_written(tmp_path, text):
    put(tmp_path, "um-klines-1m/FILUSDT-1m-2025-10.csv", text.encode())
    [line] = _bars(tmp_path)
    assert line == "1759276800000,1.5,1.6,1.4,1.5,10,1759276859999,,,,,0"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("date,open,high,low,close,volume\n2025-10-01 00:00:00,1,1,1,1,1\n", "line 2: .*milli"),
        ("date,open,high,low,close,volume\n1759276800,1,1,1,1,1\n", "line 2: .*milliseconds"),
        ("date,open,high,low,close,vol\n1759276800000,1,1,1,1,1\n", "line 1: .* lacks volume"),
        (
            "date,open,high,low,close,volume,quote_volume,volume_quote\n1759276800000,1,1,1,1,1,1,1\n",
            "line 1: the header has quote_volume twice",
        ),
        ("date,open,high,low,close,volume\n1759276800000,1,x,1,1,1\n", "line 2: column high"),
        ("date,open,high,low,close,volume\n1759276800000,1,1,1,1\n", "line 2: expected 6 columns"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_line_and_column(tmp_path, text, fault):
    put(tmp_path, "um-klines-1m/FILUSDT-1m-2025-10.csv", text.encode())
    with pytest.raises(CryptopipeError, match=fault):
        _bars(tmp_path)


def _bars(folder: Path) -> list[str]:
    clock = datetime(2026, 6, 1, tzinfo=UTC)
    source = RecordedSource(folder, lambda: clock)
    source.coverage()
    return list(
        source.klines_from(
            "FILUSDT",
            "1m",
            start=MIDNIGHT,
            end=MIDNIGHT + 86_400_000,
            limit=10,
            now=int(clock.timestamp() * 1000),
        )
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FILUSDT.csv", "timestamp,symbol,funding_rate\n{t},FILUSDT,0.0001\n"),
        ("FILUSDT.csv", "{t},FILUSDT,0.0001\n"),
        ("FILUSDT-fundingRate-2025-10.csv", "{t},8,0.0001\n"),
        ("FILUSDT-fundingRate-2025-10-01.csv", "{t}000,8,0.0001\r\n"),
        (
            "FILUSDT-fundingRate-2025-10.csv",
            "\ufeffcalc_time,funding_interval_hours,last_funding_rate\n{t},8,0.0001\n",
        ),
        ("FILUSDT.csv", '"fundingRate","symbol","fundingTime"\n"0.0001","FILUSDT","{t}"\n'),
        (
            "FILUSDT.json",
            '[{{"symbol":"FILUSDT","fundingTime":{t},"fundingRate":"0.0001","markPrice":"1.5"}}]',
        ),
        ("FIL_USDT_USDT-1h-funding_rate.json", "[[{t},0.0001,0,0,0,0]]"),
    ],
)
def test_a_settlement_is_the_same_settlement_however_it_is_written(tmp_path, name, text):
    put(tmp_path, f"funding/{name}", text.format(t=MIDNIGHT + 5).encode())
    assert _rates(tmp_path) == [(MIDNIGHT + 5, "0.0001", 8)]


def test_the_hours_that_a_file_of_the_archive_declares_go_before_those_of_its_times(tmp_path):
    rows = "".join(f"{MIDNIGHT + n * 3_600_000},4,0.0001\n" for n in (0, 4, 12))
    put(tmp_path, "funding/FILUSDT-fundingRate-2025-10.csv", rows.encode())
    assert [hours for _, _, hours in _rates(tmp_path)] == [4, 4, 4]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{t},BTCUSDT,0.0001\n", "line 1: column symbol: not a settlement of FILUSDT"),
        ("timestamp,symbol,funding_rate\n{t},FILUSDT,x\n", "line 2: column rate"),
        ("timestamp,funding_rate,last_funding_rate\n{t},1,1\n", "line 1: .*lacks .* or has two"),
        ("{t},0.0001\n", "line 1: without a header"),
        ("{t},FILUSDT,0.0001\n{t},FILUSDT,0.0002\n", "line 2: two different settlements"),
    ],
)
def test_a_settlement_in_doubt_is_refused_with_its_line(tmp_path, text, fault):
    put(tmp_path, "funding/FILUSDT.csv", text.format(t=MIDNIGHT + 5).encode())
    with pytest.raises(CryptopipeError, match=fault):
        _rates(tmp_path)


def _rates(folder: Path) -> list[tuple[int, str, int]]:
    clock = datetime(2026, 6, 1, tzinfo=UTC)
    source = RecordedSource(folder, lambda: clock)
    source.coverage()
    start = datetime.combine(DAY, datetime.min.time(), UTC)
    found = source.settlements_from(
        "FILUSDT",
        start=int(start.timestamp() * 1000),
        end=int((start + timedelta(days=1)).timestamp() * 1000),
        now=int(clock.timestamp() * 1000),
    )
    return [(each.time, each.rate, each.interval_hours) for each in found]


def test_a_whole_file_beside_months_is_told_of_and_not_read_twice(tmp_path):
    put(tmp_path, "um-klines-1m/FILUSDT-1m-2025-10.csv", (HEADER + LINE + "\n").encode())
    put(tmp_path, "futures/FIL_USDT_USDT-1m-futures.json", json.dumps([bar(0)]).encode())
    assert len(_bars(tmp_path)) == 1
    [told] = RecordedSource(tmp_path).passed_over()
    assert "FIL_USDT_USDT-1m-futures.json: binance/um-klines-1m/FILUSDT-1m-2025-10.csv is" in str(
        told
    )
