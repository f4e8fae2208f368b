"""``cryptopipe budget``: forecast, used and limit side by side, and what does not fit."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from cryptopipe_assets.cli.budget import budget
from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.operations.budget.remaining import refusals
from cryptopipe_assets.operations.status.report import read_status
from cryptopipe_assets.vendors.http.account import account_of
from cryptopipe_assets.vendors.http.call_ledger import Ledger

CANARY = "canary-of-the-budget-0123456789"


@pytest.fixture
def live(tmp_path):
    return load_settings().with_environment(
        vendors="live",
        warehouse=tmp_path,
        coinalyze_api_key=None,
        coingecko_api_key=SecretStr(CANARY),
        coingecko_plan=None,
    )


@pytest.fixture
def too_much(live):
    tier = Tier(
        every_minutes=60,
        tables=("ohlcv_1m", "open_interest"),
        coins=tuple(f"C{n}" for n in range(500)),
    )
    keyed = live.with_environment(coinalyze_api_key=SecretStr(CANARY))
    return keyed.with_config(tiers={"fast": tier})


def said(capsys):
    return json.loads(capsys.readouterr().out)


def test_used_is_what_the_ledger_of_this_account_has_of_the_month(live, capsys):
    today = datetime.now(UTC).date()
    live.state_folder.mkdir(parents=True)
    account = account_of(SecretStr(CANARY), live.state_folder)
    with Ledger(live.state_folder / "calls.sqlite") as ledger:
        for _ in range(3):
            ledger.spend(
                today,
                "coingecko",
                account=account,
                family="calls-demo",
                endpoint="/coins/markets",
                table="market_cap",
            )
    assert budget(live, as_json=True) == 0
    found = said(capsys)
    (month,) = (
        each
        for each in found["limits"]
        if (each["vendor"], each["window"]) == ("coingecko", "month")
    )
    assert (month["limit"], month["planned"], month["used"]) == (10_000, 8_000, 3)
    (listings,) = (each for each in found["calls"] if each["endpoint"] == "/coins/markets")
    # Once an hour, and once more when the day is closed.
    assert (listings["made_today"], listings["forecast_per_day"]) == (3, 25)


def test_a_plan_that_cannot_fit_ends_with_two_and_says_what_no_schedule_asks_for(too_much, capsys):
    assert budget(too_much, as_json=True) == 2
    found = said(capsys)
    assert not found["fits"]
    (short,) = (each for each in found["limits"] if not each["fits"])
    assert (short["vendor"], short["family"]) == ("coinalyze", "symbols")
    assert budget(too_much, as_json=False) == 2
    printed = " ".join(capsys.readouterr().out.split())
    assert "until then no schedule collects open_interest of tiers.fast" in printed
    assert "set tiers.fast.every_minutes to 360 or more" in printed
    assert CANARY not in printed + json.dumps(found)


def test_the_status_says_what_no_schedule_asks_for(too_much):
    (sentence,) = read_status(too_much, now=datetime.now(UTC)).refused
    assert sentence.startswith("open_interest of tiers.fast is not collected by any schedule: ")
    assert CANARY not in sentence
    assert refusals(too_much.with_environment(vendors="sandbox")) == []


def test_a_table_that_cannot_be_read_is_named(live):
    broken = live.warehouse / "instruments" / "part-0.parquet"
    broken.parent.mkdir()
    broken.write_bytes(b"no parquet")
    with pytest.raises(CorruptFile, match=r"cannot read .*part-0.parquet: .*cryptopipe doctor"):
        budget(live, as_json=True)
