"""Coinalyze's parsers on recorded daily series, put back into the vendor's shape."""

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cryptopipe_assets.vendors.coinalyze.parse_bars import closed_bars, read_series
from cryptopipe_assets.vendors.coinalyze.parse_markets import read_markets
from cryptopipe_assets.vendors.coinalyze.parse_rows import funding_rows, open_interest_rows

pytestmark = pytest.mark.realdata
DAY, MS = timedelta(days=1), timedelta(milliseconds=1)
ALL_TIME = {"start": datetime(2000, 1, 1, tzinfo=UTC), "end": datetime(2100, 1, 1, tzinfo=UTC)}
NOW = {"now": datetime(2100, 1, 1, tzinfo=UTC)}


def rows(realdata: Path, pattern: str) -> list[dict[str, str]]:
    """Rows of the recorded file, or a skip that says which is missing."""
    files = sorted((realdata / "coinalyze").glob(pattern))
    if not files:
        pytest.skip(f"no {pattern} in {realdata / 'coinalyze'}")
    with gzip.open(files[0], "rt", newline="") as file:
        return list(csv.DictReader(file))


def series(recorded: list[dict[str, str]], **fields: str) -> list[dict[str, Any]]:
    """The answer that these rows were read from: ``fields`` is the vendor's name to the file's."""
    bars: dict[str, list[dict[str, float]]] = {}
    for row in recorded:
        bar = {name: float(row[column]) for name, column in fields.items()}
        bars.setdefault(row["symbol"], []).append({"t": int(row["timestamp"]), **bar})
    return [{"symbol": symbol, "history": history} for symbol, history in bars.items()]


def markets(recorded: list[dict[str, str]]) -> pl.DataFrame:
    """The recorded contracts as the vendor lists them; a base is what stands before the quote."""
    listed = []
    for symbol in sorted({row["symbol"] for row in recorded}):
        name, _, exchange = symbol.rpartition(".")
        pair = name.removesuffix("_PERP").replace("-", "").replace("_", "")
        quote = next((each for each in ("USDT", "USDC", "USD") if pair.endswith(each)), "USD")
        listed.append(
            {
                "symbol": symbol,
                "exchange": exchange,
                "symbol_on_exchange": name,
                "base_asset": pair.removesuffix(quote),
                "quote_asset": quote,
                "is_perpetual": True,
                "margined": "COIN" if symbol.endswith("USD_PERP.A") else "STABLE",
                "oi_lq_vol_denominated_in": "BASE_ASSET",
            }
        )
    return read_markets(listed).frame


def test_recorded_open_interest_comes_through_close_by_close(realdata):
    recorded = rows(realdata, "open_interest_daily_*.csv.gz")
    payload = series(recorded, o="oi_open", h="oi_high", l="oi_low", c="oi_close")
    bars = closed_bars(read_series(payload, ["c"], width=DAY), width=DAY, **ALL_TIME, **NOW)
    frame = open_interest_rows(bars, bars.clear(), markets(recorded), width=DAY)
    assert frame.height == len(recorded)
    assert frame["open_interest_usd"].sum() == pytest.approx(
        sum(float(row["oi_close"]) for row in recorded), rel=1e-12
    )
    stamps = {datetime.fromtimestamp(int(row["timestamp"]), UTC) for row in recorded}
    assert set(frame["available_at"]) == {each + DAY + MS for each in stamps}
    assert set(frame["ts"]) == {each + timedelta(hours=23) for each in stamps}


def test_the_rows_that_somebody_took_for_tether_are_of_another_coin(realdata):
    recorded = rows(realdata, "open_interest_daily_*.csv.gz")
    mistaken = {row["symbol"] for row in recorded if row["coin_symbol"] == "USDT"}
    if not mistaken:
        pytest.skip("the recorded file has no rows of coin USDT")
    named = markets(recorded).filter(pl.col("vendor_symbol").is_in(mistaken))
    assert named.height == len(mistaken)
    assert "USDT" not in named["coin"].to_list()


def test_recorded_funding_becomes_fractions_of_a_credible_size(realdata):
    recorded = rows(realdata, "funding_rate_daily_*.csv.gz")
    payload = series(recorded, o="fr_open", h="fr_high", l="fr_low", c="funding_rate")
    bars = read_series(payload, ["h", "l", "c"], width=DAY)
    frame = funding_rows(
        closed_bars(bars, width=DAY, **ALL_TIME, **NOW), markets(recorded), width=DAY
    )
    assert frame.height == len(recorded)
    assert frame["funding_rate"].sum() == pytest.approx(
        sum(float(row["funding_rate"]) for row in recorded) / 100, rel=1e-9
    )
    assert 1e-7 < frame["funding_rate"].abs().median() < 1e-3
