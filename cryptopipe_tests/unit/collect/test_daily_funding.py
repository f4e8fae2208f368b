"""Funding of other venues by Coinalyze: every day that was asked for, over real HTTP."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.funding import of_other_contracts
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_assets.tables.collected.instruments import Instruments
from cryptopipe_assets.vendors.catalog import Vendors
from cryptopipe_assets.vendors.keys import Keys

NOW = datetime(2026, 3, 10, 9, 30, 20, tzinfo=UTC)
DAYS = [date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 8)]


@pytest.fixture
def vendors():
    with Sandbox(SimulatedSource(clock=lambda: NOW), enforce_limits=False) as standin:
        yield VendorClients(
            limits=Vendors(),
            missing_instrument="fail",
            standin=lambda: standin.url,
            state_folder=None,
            keys=Keys(coinalyze=SecretStr("k" * 20)),
            clock=lambda: NOW,
        )


def test_the_bars_are_of_the_days_and_of_no_other(vendors):
    bars, cost = asyncio.run(
        of_other_contracts(vendors, ["BTC"], DAYS, versions=Instruments.empty_frame())
    )
    days = bars.group_by("venue", "symbol").agg(bars["ts"].dt.date().unique().sort().alias("days"))
    assert days.height > 1
    assert bars["ts"].dt.date().unique().sort().to_list() == DAYS
    assert cost["coinalyze/api_calls"] == 2
