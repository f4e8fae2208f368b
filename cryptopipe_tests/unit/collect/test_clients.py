"""Clients are made of the vendors' terms, the limits of the project and the keys."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.horizon import Horizon
from cryptopipe_assets.core.errors import ConfigError, VendorUnavailable
from cryptopipe_assets.vendors.catalog import Vendors
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.keys import Keys
from cryptopipe_assets.vendors.protocols import OffersInstruments, OffersOpenInterest
from cryptopipe_tests.unit.vendors.conftest import asked

REAL = VendorClients(limits=Vendors(), missing_instrument="fail", standin=None, state_folder=None)
HASTY = Vendors(binance={"attempts": 1, "timeout_seconds": 1})
NOW = datetime(2026, 3, 10, tzinfo=UTC)


def names(found: list) -> list[str]:
    return [each.vendor for each in found]


def test_a_venue_that_offers_open_interest_is_asked_whatever_source_is_chosen_for_another():
    without = names(REAL.offering(OffersOpenInterest, "open_interest", "no such source"))
    chosen = names(REAL.offering(OffersOpenInterest, "open_interest", "exchanges"))
    assert "binance" in chosen
    assert set(without) <= set(chosen)
    assert names(REAL.offering(OffersInstruments, "instruments"))[0] == "binance"


def test_venues_beyond_the_horizon_are_not_asked():
    near = replace(REAL, horizon=Horizon(venues=("binance",)))
    assert names(near.offering(OffersInstruments, "instruments")) == ["binance"]
    assert near.horizon.reaches("binance")
    assert not near.horizon.reaches("okx")
    assert REAL.horizon.reaches("okx")


def test_what_costs_extra_is_off_unless_it_is_asked_for():
    off = Horizon()
    assert (off.exchange_funding, off.coinbase_prices, off.coinalyze_funding) == (False,) * 3


def test_listings_are_those_of_all_days_or_of_the_days_that_there_are():
    day, other = NOW.date(), datetime(2026, 3, 11, tzinfo=UTC).date()
    assert Horizon().has_listing(day)
    some = Horizon(listing_days={day})
    assert (some.has_listing(day), some.has_listing(other)) == (True, False)


def test_what_is_left_is_told_only_where_it_is_kept(tmp_path):
    with pytest.raises(ConfigError, match="no folder"):
        REAL.calls_left()
    kept = replace(REAL, records=Records(folder=tmp_path), keys=Keys(coinalyze=SecretStr("k" * 20)))
    left = {(each.allowance.vendor, each.used) for each in kept.calls_left()}
    assert ("coinalyze", 0) in left
    assert set(kept.accounts()) == {"coinalyze"}


def ask_much(client) -> None:
    """One request at a cost that no limit allows; nothing is sent if the client has the limit."""
    asked(client, lambda own: own.get_json("/x", {}, family="weight", cost=1_000_000))


def test_a_client_keeps_our_share_of_its_vendors_limits_and_an_archive_has_none():
    nobody = replace(REAL, standin=lambda: "http://127.0.0.1:1", limits=HASTY)
    with pytest.raises(ConfigError, match=r"binance weight: one request costs 1000000 units"):
        ask_much(nobody.client("binance"))
    with pytest.raises(VendorUnavailable):
        ask_much(nobody.archive("binance"))
