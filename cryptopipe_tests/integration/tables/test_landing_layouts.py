"""The landing folder takes what people have: any columns, formats and programs' names."""

import io
import json
from datetime import UTC, datetime
from typing import Literal

import polars as pl
import pytest

from cryptopipe_assets.collect.landing import Imported, import_file, landing
from cryptopipe_assets.runtime.assembly import build

MIDNIGHT = 1_772_668_800_000  # of that day, UTC
MINUTE = 60_000
SIX = ("date", "open", "high", "low", "close", "volume")
HEADER = ",".join(SIX)
NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture
def listed(platform):
    assert platform.materialise(["instruments"], "2026-03-09").success
    return platform


def landed(platform, name: str, content: bytes) -> Imported:
    warehouse = build(platform.settings).resources["warehouse"]
    (landing(warehouse) / name).write_bytes(content)
    done = import_file(warehouse, name, at=NOW)
    assert done is not None
    return done


def bars() -> pl.DataFrame:
    rows = [(MIDNIGHT + MINUTE * at, 1.5, 1.75, 1.25, 1.5, 10.0) for at in range(1440)]
    return pl.DataFrame(rows, schema=SIX, orient="row")


def columnar(*, kind: Literal["feather", "parquet"]) -> bytes:
    """As pandas keeps them: instants of nanoseconds."""
    body = io.BytesIO()
    frame = bars().with_columns(
        pl.col("date").cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("ns", "UTC"))
    )
    if kind == "feather":
        frame.write_ipc(body)
    else:
        frame.write_parquet(body)
    return body.getvalue()


SAME_BARS = {
    "BTCUSDT-1m-2026-03-05.csv": lambda: bars().write_csv().encode(),
    "ETHUSDT-1m-2026-03.csv": lambda: bars().write_csv(include_header=False).encode(),
    "SOLUSDT-1m.json": lambda: json.dumps(bars().rows()).encode(),
    "DOGE_USDT_USDT-1m-futures.feather": lambda: columnar(kind="feather"),
    "XRPUSDT-1m-2026-03-05.parquet": lambda: columnar(kind="parquet"),
}


def test_bars_of_six_columns_are_stored_and_what_they_lack_is_null(listed):
    for name, content in SAME_BARS.items():
        done = landed(listed, name, content())
        assert (done.reason, done.rows, done.added) == ("", 1440, 1440), name
    stored = listed.read("ohlcv_1m", "2026-03-05").sort("symbol", "ts")
    assert stored.height == 1440 * len(SAME_BARS)
    for (symbol,), own in stored.group_by("symbol"):
        assert own["ts"].dt.epoch("ms").to_list() == bars()["date"].to_list(), symbol
        assert own["close"].to_list() == [1.5] * 1440
        for name in ("volume_quote", "trades", "taker_buy_base", "taker_buy_quote"):
            assert own[name].null_count() == 1440


WRONG = [
    (
        "BTCUSDT-1m-2026-03-05.csv",
        f"{HEADER}\n{MIDNIGHT},1,2,1,1,5\n{MIDNIGHT + MINUTE},1,0.5,1,1,5\n",
        "line 3: column high: 0.5 is not the highest price",
    ),
    (
        "BTCUSDT-1m-2026-03-06.csv",
        f"{HEADER}\n{MIDNIGHT},1,2,1,1,5\n",
        "line 2: column open_time: the row is outside 2026-03-06",
    ),
    (
        "BTCUSDT-fundingRate-2026-02.csv",
        f"{MIDNIGHT},8,0.0001\n",
        "line 1: column time: 1772668800000 is outside the days of its name",
    ),
    (
        "BTCUSDT-openInterestHist.json",
        json.dumps(
            [
                {
                    "symbol": "ETHUSDT",
                    "timestamp": MIDNIGHT,
                    "sumOpenInterest": "1",
                    "sumOpenInterestValue": "1",
                }
            ]
        ),
        "line 2: column symbol: expected BTCUSDT",
    ),
    (
        "BTCUSDT-openInterestHist.csv",
        f"{MIDNIGHT + 1},BTCUSDT,1,1\n",
        "expected points of whole hours, the file has none in 1",
    ),
    ("BTCUSDT-metrics.csv", "", "has its days in its name"),
]


def test_a_wrong_row_is_set_aside_with_file_line_and_column(listed):
    for name, text, fault in WRONG:
        done = landed(listed, name, text.encode())
        assert name in done.reason
        assert fault in done.reason
    for table in ("ohlcv_1m", "funding_rate", "open_interest"):
        assert listed.read(table, "2026-02-01", "2026-03-06").is_empty()
