"""The ledger of calls: who asked what for which table, on which day; nothing forgotten."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import StorageError
from cryptopipe_assets.vendors.allowances import allowances, budgets_of, quotas_of
from cryptopipe_assets.vendors.calls_left import calls_left
from cryptopipe_assets.vendors.catalog import Vendors
from cryptopipe_assets.vendors.coingecko.terms import CoinGeckoLimits
from cryptopipe_assets.vendors.coinmarketcap.terms import CoinMarketCapLimits
from cryptopipe_assets.vendors.http.account import account_of
from cryptopipe_assets.vendors.http.call_ledger import FILE, Ledger, read_spending
from cryptopipe_assets.vendors.http.rate_limit import Budget, Meter

DAY = date(2026, 2, 3)
NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)


def spend(ledger: Ledger, day: date = DAY, **entry) -> None:
    whose = {"account": "address", "family": "weight", "endpoint": "/klines", "table": "ohlcv_1m"}
    ledger.spend(day, "binance", **{**whose, **entry})


def test_calls_add_up_by_day_vendor_family_endpoint_and_table(tmp_path):
    with Ledger(tmp_path / FILE) as ledger:
        spend(ledger, units=2)
        spend(ledger, units=5)
        spend(ledger, endpoint="/time", table="")
        spend(ledger, day=date(2026, 2, 4))
    rows = read_spending(tmp_path).drop("account", "family").rows()
    assert rows == [
        (DAY, "binance", "/klines", "ohlcv_1m", 2, 7),
        (DAY, "binance", "/time", "(none)", 1, 1),
        (date(2026, 2, 4), "binance", "/klines", "ohlcv_1m", 1, 1),
    ]
    assert read_spending(tmp_path, since=date(2026, 2, 4))["calls"].to_list() == [1]


def test_a_family_is_summed_from_a_day_on_for_one_account(tmp_path):
    with Ledger(tmp_path / FILE) as ledger:
        spend(ledger, day=date(2026, 1, 31), units=100)
        spend(ledger, units=3)
        spend(ledger, account="key-1", units=50)
        spend(ledger, family="funding", units=7)
        assert ledger.spent("binance", "address", "weight", since=date(2026, 2, 1)) == 3


def test_a_folder_without_a_ledger_has_spent_nothing(tmp_path):
    assert read_spending(tmp_path).is_empty()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_ledger_is_named(tmp_path):
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StorageError, match=r"ledger of calls .*calls\.sqlite.*Move the file away"):
        read_spending(tmp_path)
    with pytest.raises(StorageError, match=r"calls\.sqlite"):
        Ledger(tmp_path / FILE).open()


SPEND = """
import sys, time
from datetime import date
from pathlib import Path
from cryptopipe_assets.vendors.http.call_ledger import Ledger
with Ledger(Path(sys.argv[1])) as ledger:
    for n in range(int(sys.argv[2])):
        ledger.spend(date(2026, 2, 3), "binance", account="address", family="weight",
                     endpoint="/klines", table="ohlcv_1m")
        print(n, flush=True)
    time.sleep(int(sys.argv[3]))
"""


def spender(folder, times: int, then_sleep: int = 0) -> subprocess.Popen:
    command = [sys.executable, "-W", "error", "-c", SPEND, str(folder / FILE)]
    return subprocess.Popen(
        [*command, str(times), str(then_sleep)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_processes_that_spend_at_once_lose_no_call_and_neither_does_a_kill(tmp_path):
    two = [spender(tmp_path, 300) for _ in range(2)]
    killed = spender(tmp_path, 50, then_sleep=60)
    assert killed.stdout is not None
    assert "49" in (line.strip() for line in killed.stdout)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    for each in two:
        each.communicate(timeout=60)
    assert read_spending(tmp_path)["calls"].sum() == 650


# Accounts


def test_an_account_stands_for_a_key_without_showing_it(tmp_path):
    key, other = SecretStr("CG-mine"), SecretStr("CG-yours")
    account = account_of(key, tmp_path)
    assert account == account_of(key, tmp_path) != account_of(other, tmp_path)
    assert account.startswith("key-")
    assert len(account) == 12
    assert "mine" not in account
    assert account_of(None, tmp_path) == account_of(SecretStr(""), tmp_path) == "address"


def test_the_same_key_is_another_account_in_another_folder(tmp_path):
    key = SecretStr("CG-mine")
    assert account_of(key, tmp_path / "a") != account_of(key, tmp_path / "b")


# What is left


def test_every_vendors_limits_are_those_of_the_documents():
    known = {(a.vendor, a.family, a.window): (a.limit, a.planned) for a in allowances(Vendors())}
    assert known == {
        ("binance", "weight", "minute"): (2400, 1920),
        ("binance", "funding", "5 min"): (500, 400),
        ("binance", "futures_data", "5 min"): (1000, 800),
        ("bybit", "requests", "5 s"): (600, 480),
        ("okx", "public", "2 s"): (20, 16),
        ("hyperliquid", "weight", "minute"): (1200, 960),
        ("gate", "public", "10 s"): (200, 160),
        ("coinalyze", "symbols", "minute"): (40, 32),
        ("coinbase", "public", "second"): (10, 8),
        ("coinmarketcap", "calls", "minute"): (30, 24),
        ("coinmarketcap", "credits", "month"): (10_000, 8000),
        ("coingecko", "calls-none", "minute"): (10, 8),
    }


def test_a_plan_brings_its_own_limits_and_an_account_may_state_another_month():
    demo = quotas_of("coingecko", allowances(Vendors(), {"coingecko": "demo"}))
    assert [(each.family, each.units, each.per) for each in demo] == [("calls-demo", 8000, "month")]
    stated = Vendors(coingecko=CoinGeckoLimits(calls_per_month=2000, share=0.5))
    assert quotas_of("coingecko", allowances(stated, {"coingecko": "pro"}))[0].units == 1000
    daily = Vendors(coinmarketcap=CoinMarketCapLimits(credits_per_day=333))
    kept = quotas_of("coinmarketcap", allowances(daily))
    assert [(each.per, each.units) for each in kept] == [("day", 266), ("month", 8000)]
    assert len(budgets_of("binance", allowances(Vendors()))) == 3


def test_what_is_left_counts_the_month_in_the_ledger_and_the_minute_in_the_bucket(tmp_path):
    with Ledger(tmp_path / FILE) as ledger:
        for day, units in ((date(2026, 1, 31), 5000), (date(2026, 2, 1), 40), (DAY, 2)):
            ledger.spend(
                day,
                "coinmarketcap",
                account="key-1",
                family="credits",
                endpoint="/listings",
                units=units,
            )
    minute = Budget(family="calls", units=24, per_seconds=60)
    meter = Meter("coinmarketcap", minute, account="key-1", state_folder=tmp_path)
    asyncio.run(meter.spend(3))
    meter.close()
    metered = [each for each in allowances(Vendors()) if each.vendor == "coinmarketcap"]
    left = calls_left(
        metered, folder=tmp_path, accounts={"coinmarketcap": "key-1"}, now=datetime.now(UTC)
    )
    assert (left[0].used, left[0].left) == (3, 21)
    left = calls_left(metered, folder=tmp_path, accounts={"coinmarketcap": "key-1"}, now=NOW)
    month = left[-1]
    assert (month.used, month.left) == (42, 7958)
    assert month.renewed_at == datetime(2026, 3, 1, tzinfo=UTC)
    nobody = calls_left(metered, folder=tmp_path, accounts={"coinmarketcap": "key-2"}, now=NOW)
    assert [each.used for each in nobody] == [0, 0]
