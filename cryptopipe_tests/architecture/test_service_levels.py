"""The service levels, which are read without Dagster, agree with the tables and their graph."""

import pytest

from cryptopipe_assets.definitions import defs
from cryptopipe_assets.runtime.assembly import in_order
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS
from cryptopipe_assets.vendors.catalog import VENDORS

SPECS = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_every_table_that_runs_over_days_fill_has_a_service_level():
    assert set(SERVICE_LEVELS) == set(in_order(defs))


@pytest.mark.parametrize("name", sorted(SERVICE_LEVELS))
def test_a_service_level_says_what_the_table_says(name):
    level, contract = SERVICE_LEVELS[name], contracts()[name]
    assert level.layer == contract.__module__.split(".")[-2]
    assert level.has_days is contract.has_days()
    assert level.entity is None or level.entity in contract.columns()
    assert sorted(level.inputs) == sorted(
        dep.asset_key.to_user_string() for dep in SPECS[name].deps
    )


def test_tables_are_listed_after_what_they_are_made_from():
    order = list(SERVICE_LEVELS)
    for name, level in SERVICE_LEVELS.items():
        assert all(order.index(each) < order.index(name) for each in level.inputs)


def test_every_collected_table_has_a_vendor_that_offers_it():
    collected = {name for name, each in SERVICE_LEVELS.items() if each.layer == "collected"}
    offered = {each.table for terms in VENDORS.values() for each in terms.offers}
    assert offered == collected


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_speaks_of_columns_that_its_tables_have(vendor):
    for offer in VENDORS[vendor].offers:
        columns = set(contracts()[offer.table].columns())
        assert set(offer.derived) | set(offer.null) <= columns, offer.table
