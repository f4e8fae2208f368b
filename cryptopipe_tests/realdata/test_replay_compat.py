"""The weekly history of the original, by command: Mondays over the cap that was listed last."""

import io
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

CLI = Path(sys.executable).with_name("cryptopipe")
WEEKS = 3
pytestmark = [pytest.mark.realdata, pytest.mark.slow]


def run(*arguments: str | Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"}
    done = subprocess.run(
        [CLI, *arguments], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def recorded(folder: Path, pattern: str) -> pd.DataFrame:
    return pd.concat([pd.read_csv(path) for path in sorted(folder.glob(pattern))])


@pytest.fixture(scope="module")
def interest(realdata: Path) -> pd.DataFrame:
    """Closes of dollar contracts; the file calls a contract of another coin USDT."""
    rows = recorded(realdata, "coinalyze/open_interest_daily_*.csv*")
    rows["coin"] = rows["symbol"].str.extract(r"^([A-Z0-9]+)USD(?:T)?_PERP\.A$")[0]
    rows["day"] = pd.to_datetime(rows["date"]).dt.date
    return rows.dropna(subset="coin")


@pytest.fixture(scope="module")
def caps(realdata: Path) -> pd.DataFrame:
    rows = recorded(realdata, "coinmarketcap/monthly_snapshots_*.csv*")
    rows["day"] = pd.to_datetime(rows["snapshot_date"].astype(str)).dt.date
    return rows.sort_values("day")


def test_the_weekly_history_is_open_interest_over_the_last_monthly_cap(
    realdata, interest, caps, tmp_path
):
    last: date = interest["day"].max()
    first = min(last - pd.Timedelta(weeks=WEEKS), caps["day"].max()).replace(day=1)
    warehouse = ("--warehouse", tmp_path / "w")
    run(
        *("replay", "--data", realdata, *warehouse, "--compat", "--tables", "leverage_ratios"),
        *("--start", str(first), "--end", str(last)),
    )
    weekly = pd.read_csv(
        io.StringIO(run("sql", *warehouse, "--csv", "FROM historical_leverage_weekly"))
    )
    compared = 0
    for row in weekly.itertuples():
        day = pd.Timestamp(row.date).date()
        own = interest[(interest["coin"] == row.coin_symbol) & (interest["day"] == day)]
        listed = caps[(caps["Symbol"] == row.coin_symbol) & (caps["day"] <= day)]
        if own.empty or listed.empty or (listed["day"].iloc[-1] < first):
            continue
        expected = 100 * own["oi_close"].iloc[0] / listed["Market Cap"].iloc[-1]
        assert row.oi_to_mcap_ratio == pytest.approx(expected, rel=1e-12), (row.coin_symbol, day)
        compared += 1
    assert compared >= WEEKS
    golden = weekly[(weekly["coin_symbol"] == "BTC") & (weekly["date"].str[:10] == "2025-10-20")]
    for ratio in golden["oi_to_mcap_ratio"]:  # of the original's own file, to its six digits
        assert ratio == pytest.approx(0.101278, abs=5e-7)
