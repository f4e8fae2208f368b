"""Folders as people have them: without an exchange's files, with one ticker twice, overlapping."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from cryptopipe_assets.cli.replay import replay
from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.sandbox.recorded.coinalyze import RecordedCoinalyze
from cryptopipe_assets.sandbox.recorded.folder import RecordedFolder
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.tables.features.dilution_metrics import DilutionMetrics

OCTOBER = 1_759_276_800  # 2025-10-01 00:00 UTC, seconds
DAY = 86_400
INTEREST = "symbol,timestamp,oi_open,oi_high,oi_low,oi_close"


def interest(folder: Path, name: str, *rows: tuple[str, int, float]) -> None:
    """Write days of open interest: symbol, day of October from 0, close."""
    path = folder / "data" / "coinalyze" / f"open_interest_daily_{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{symbol},{OCTOBER + day * DAY},1,9,1,{close}" for symbol, day, close in rows]
    path.write_text("\n".join([INTEREST, *lines]) + "\n", encoding="utf-8")


def test_open_interest_alone_is_replayed_without_an_exchange_and_under_kraken_s_spelling(
    settings, tmp_path, capsys
):
    interest(tmp_path, "a", ("pf_xbtusd.K", 0, 2.0), ("BTCUSDT_PERP.A", 0, 3.0))
    first = date(2025, 10, 1)
    replay(
        settings,
        data=tmp_path / "data",
        first=first,
        last=first,
        tables=["open_interest"],
        strict=False,
    )
    assert "skipped instruments: no contract of an exchange's own" in capsys.readouterr().out
    rows = Lake(settings.warehouse).read(OpenInterest, first).sort("symbol")
    assert rows.select("coin", "symbol", "venue", "open_interest_usd").rows() == [
        ("BTC", "BTC-USD-PERP", "kraken", 2.0),
        ("BTC", "BTC-USDT-PERP", "binance", 3.0),
    ]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_day_that_was_forming_when_a_file_ended_is_taken_from_the_file_that_goes_on(
    tmp_path, order
):
    interest(tmp_path, order[0], ("BTCUSDT_PERP.A", 0, 2.0), ("BTCUSDT_PERP.A", 1, 1.5))
    interest(tmp_path, order[1], ("BTCUSDT_PERP.A", 1, 2.5), ("BTCUSDT_PERP.A", 2, 3.5))
    bars = RecordedCoinalyze(tmp_path / "data" / "coinalyze").open_interest_bars(
        "BTCUSDT_PERP.A", DAY * 1000, start=0, end=2 * OCTOBER * 1000, usd=True, now=10**14
    )
    assert [bar[4] for bar in bars] == [2.0, 2.5, 3.5]


def test_closed_days_that_differ_between_files_are_refused_with_the_day(tmp_path):
    interest(tmp_path, "a", ("BTCUSDT_PERP.A", 0, 2.0), ("BTCUSDT_PERP.A", 1, 1.5))
    interest(tmp_path, "b", ("BTCUSDT_PERP.A", 0, 2.5), ("BTCUSDT_PERP.A", 1, 1.5))
    with pytest.raises(UnreadableRecording, match=r"_b\.csv.*BTCUSDT_PERP\.A at 2025-10-01"):
        RecordedCoinalyze(tmp_path / "data" / "coinalyze").coverage()


def test_two_coins_of_one_ticker_in_a_list_are_two_coins(settings, tmp_path):
    taken = "2025-11-03T02:01:38"
    rows = (
        "rank,symbol,name,price,market_cap,circulating_supply,total_supply,max_supply,volume_24h,timestamp",
        f"1,BTC,Bitcoin,100000,2000000000000,20000000,20000000,21000000,1000,{taken}",
        f"2,BEAM,Beam,0.2,30000000000,150000000000,150000000000,,1000,{taken}",
        f"3,BEAM,BeamX,0.02,300000000,15000000000,15000000000,,1000,{taken}",
    )
    (tmp_path / "data" / "supply").mkdir(parents=True)
    (tmp_path / "data" / "supply" / "dilution_2025-11.csv").write_text("\n".join(rows) + "\n")
    day = datetime.fromisoformat(taken).date()
    replay(
        settings,
        data=tmp_path / "data",
        first=day,
        last=day,
        tables=["dilution_metrics"],
        strict=False,
    )
    stored = Lake(settings.warehouse).read(DilutionMetrics, day).sort("rank")
    assert stored.select("coin", "circulating_supply").rows() == [
        ("BTC", 20e6),
        ("BEAM", 150e9),
        ("BEAM", 15e9),
    ]
    assert stored.select(pl.col("coin_id").n_unique()).item() == 3


def test_the_exchange_s_own_folder_may_be_named_itself(tmp_path):
    folder = tmp_path / "um-klines-1m"
    folder.mkdir()
    (folder / "FILUSDT-1m-2026-02.csv").write_text(
        "1769904000000,1.5,1.5,1.5,1.5,10,1769904059999,15,3,4,6,0\n"
    )
    found = RecordedFolder(tmp_path)
    assert found.symbols == ["FILUSDT"]
    assert found.passed_over() == ()
