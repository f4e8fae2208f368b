"""A real file that was made with holes: every hole is found, and nothing else."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest

from cryptopipe_assets.collect.gaps.datasets import BARS
from cryptopipe_assets.collect.gaps.ledger import GAPS
from cryptopipe_assets.collect.gaps.survey import Survey, survey
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.ohlcv_1m import Ohlcv1m

pytestmark = [pytest.mark.realdata]

SYMBOL = "LINK-USDT-PERP"
MINUTE = pd.Timedelta(minutes=1)


@pytest.fixture(scope="module")
def recorded(realdata) -> pl.DataFrame:
    path = realdata / "bybit" / "LINKUSDT_1m_with_524_holes.parquet"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {path.parent}")
    return pl.read_parquet(path)


@pytest.fixture(scope="module")
def found(recorded, tmp_path_factory) -> Survey:
    """The file in a warehouse, and a survey of it a month after its last bar."""
    lake = Lake(tmp_path_factory.mktemp("holes"))
    bars = recorded.select(
        pl.col("ts").dt.cast_time_unit("ms"),
        pl.col("open", "high", "low", "close"),
        symbol=pl.lit(SYMBOL),
        venue=pl.lit("bybit"),
        volume_base="volume",
        volume_quote="turnover",
        trades=pl.lit(0),
        taker_buy_base=pl.lit(0.0),
        taker_buy_quote=pl.lit(0.0),
        source=pl.lit("bybit"),
        ingested_at=pl.lit(datetime(2026, 1, 1, tzinfo=UTC)),
    ).with_columns(available_at=pl.col("ts").dt.offset_by("60001ms"))
    for (day,), part in bars.group_by(pl.col("ts").dt.date(), maintain_order=True):
        lake.upsert(Ohlcv1m, Ohlcv1m.conform(part), day)
    listings = pl.DataFrame(
        {
            "symbol": [SYMBOL],
            "tier": ["all"],
            "listed_at": [bars["ts"].min()],
            "delisted_at": [bars["ts"].max() + timedelta(minutes=1)],
            "followed_at": [bars["ts"].min()],
        }
    )
    never = pl.DataFrame(schema={"day": pl.Date, "at": pl.Datetime("ms", "UTC"), "tier": pl.String})
    return survey(
        lake,
        BARS,
        venue="binance",
        listings=listings,
        ledger=GAPS.to_frame(),
        runs=lambda days: never,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


def holes_by_pandas(recorded: pl.DataFrame) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First missing minute and first bar after it, from the distances between neighbours."""
    stamps = recorded["ts"].to_pandas().sort_values().reset_index(drop=True)
    after = stamps[stamps.diff() > MINUTE]
    return [(stamps[index - 1] + MINUTE, stamps[index]) for index in after.index]


def test_all_524_holes_are_found_to_the_minute_and_nothing_else(recorded, found):
    expected = holes_by_pandas(recorded)
    assert len(expected) == 524
    gaps = found.gaps.filter(~pl.col("cause").is_in(["not_listed", "delisted"]))
    starts, ends = gaps["start"].to_list(), gaps["end"].to_list()
    assert [*zip(starts, ends, strict=True)] == expected


def test_missing_and_stored_minutes_add_up_to_the_contracts_life(recorded, found):
    gaps = found.gaps.filter(~pl.col("cause").is_in(["not_listed", "delisted"]))
    missing = int((gaps["end"] - gaps["start"]).dt.total_minutes().sum())
    life = (recorded["ts"].max() - recorded["ts"].min()) // timedelta(minutes=1) + 1
    assert missing + recorded["ts"].n_unique() == life == found.expected
    minutes = pd.date_range(recorded["ts"].min(), recorded["ts"].max(), freq="min")
    assert missing == len(minutes.difference(pd.DatetimeIndex(recorded["ts"].to_list())))


def test_all_of_them_were_asked_for_and_one_contract_proves_no_halt(found):
    gaps = found.gaps.filter(~pl.col("cause").is_in(["not_listed", "delisted"]))
    assert gaps["cause"].unique().to_list() == ["unknown"]
    assert gaps["status"].unique().to_list() == ["open"]
