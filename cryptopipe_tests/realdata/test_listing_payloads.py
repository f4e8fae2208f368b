"""Recorded lists of contracts, read as their venues would send them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cryptopipe_assets.vendors.gate import parsing as gate
from cryptopipe_assets.vendors.hyperliquid import parsing as hyperliquid
from cryptopipe_assets.vendors.okx import parsing as okx

pytestmark = pytest.mark.realdata


@pytest.fixture
def recorded(realdata):
    """Open a recorded file; without it the test skips."""

    def opened(*place: str) -> Path:
        path = realdata.joinpath(*place)
        if not path.exists():
            pytest.skip(f"the recorded data has no {'/'.join(place)}")
        return path

    return opened


def the_first_answer(path: Path) -> Any:
    """What the first line of a recording says after the address, the arrow and the stamp."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        line = next(lines)
    return json.loads(line[line.index(": ", line.index("->")) + 2 :])


def test_every_contract_of_gates_whole_list_is_understood(recorded):
    rows = the_first_answer(recorded("gate", "streams", "GATEIO_FUTURES.0.gz"))
    listing = gate.read_contracts(rows)
    found = listing.instruments("gate", gate.details_of)
    assert found.passed_over.is_empty()
    named = {row["name"]: row for row in rows}
    assert found.frame.height == len(named)
    for each in found.frame.iter_rows(named=True):
        row = named[each["vendor_symbol"]]
        assert each["symbol"] == f"{row['name'].replace('_', '-')}-PERP"
        assert each["funding_interval_hours"] * 3600 == row["funding_interval"]
        assert each["quantity_step"] == float(row["quanto_multiplier"])
        assert (each["status"] == "TRADING") == (not row["in_delisting"])
    leaving = {row["name"] for row in rows if row["in_delisting"]}
    assert set(listing.contracts) == set(named) - leaving
    assert {name for name, *_ in listing.not_collected} == leaving


def test_okxs_recorded_swaps_are_understood(recorded):
    payload = json.loads(recorded("okx", "fixtures", "http_get_instruments_swap.json").read_bytes())
    found = okx.read_instruments(payload).instruments("okx", okx.details_of)
    assert found.passed_over.is_empty()
    sent = {row["instId"]: row for row in payload["data"]}
    assert set(found.frame["vendor_symbol"]) == set(sent)
    for each in found.frame.iter_rows(named=True):
        assert each["price_tick"] == float(sent[each["vendor_symbol"]]["tickSz"])


def test_hyperliquids_recorded_markets_are_its_own_and_those_of_builders_are_not(recorded):
    folder = recorded("hyperliquid", "fixtures")
    own = json.loads((folder / "http_meta_perp_sample.json").read_bytes())
    every = json.loads((folder / "http_all_perp_metas_non_usdc_collateral.json").read_bytes())
    builders = [row for meta in every for row in meta["universe"] if ":" in row["name"]]
    universe = [*own["universe"], *builders]
    listing = hyperliquid.read_list([{"universe": universe}, [None] * len(universe)])
    assert set(listing.contracts) == {row["name"] for row in own["universe"]}
    assert {name for name, *_ in listing.not_collected} == {row["name"] for row in builders}
