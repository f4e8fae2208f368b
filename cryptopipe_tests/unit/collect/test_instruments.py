"""Lists of contracts over real HTTP: what is odd is told of, a venue that fails is named."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.horizon import Horizon
from cryptopipe_assets.collect.instruments import Listings, listings
from cryptopipe_assets.core.errors import VendorError
from cryptopipe_assets.vendors.catalog import Vendors
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_tests.places import PAYLOADS

pytestmark = pytest.mark.slow

NOW = datetime.fromtimestamp(1_770_120_195, UTC)  # the present of time.json
HASTY = {"attempts": 1, "timeout_seconds": 2}


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / "binance" / name).read_bytes())


@pytest.fixture
def said() -> dict[str, Any]:
    """Last part of a path to what the vendor says there; nothing else is found."""
    return {
        name: payload(file)
        for name, file in {
            "exchangeInfo": "exchange_info.json",
            "fundingInfo": "funding_info.json",
            "time": "time.json",
        }.items()
    }


@pytest.fixture
def address(said) -> Iterator[str]:
    class Vendor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = said.get(self.path.partition("?")[0].rpartition("/")[2])
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body or {"msg": "nothing here"}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Vendor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def asked(
    address: str, *, our_venue: str = "binance", venues=("binance",)
) -> tuple[Listings, list]:
    journal = Journal()
    vendors = VendorClients(
        limits=Vendors(binance=HASTY, gate=HASTY),
        missing_instrument="fail",
        standin=lambda: address,
        state_folder=None,
        horizon=Horizon(venues=venues),
        clock=lambda: NOW,
    ).reporting_to(journal)
    return asyncio.run(listings(vendors, our_venue)), [each.what for each in journal.kept]


def with_odd(said: dict[str, Any], count: int) -> None:
    """So many perpetual contracts more, which do not tell when they were listed."""
    whole = said["exchangeInfo"]["symbols"][0]
    said["exchangeInfo"]["symbols"] += [  # most of a list must be understood
        {**whole, "symbol": f"FINE{n}USDT", "baseAsset": f"FINE{n}"} for n in range(count)
    ]
    said["exchangeInfo"]["symbols"] += [
        {**whole, "symbol": f"ODD{n}USDT", "baseAsset": f"ODD{n}", "onboardDate": None}
        for n in range(count)
    ]


def test_what_is_understood_is_listed_without_a_word(address):
    found, told = asked(address)
    assert list(found.listed) == ["binance"]
    assert not found.failed
    assert "BTC-USDT-PERP" in found.listed["binance"].contracts.frame["symbol"].to_list()
    assert found.calls["binance"] >= 2
    assert told == []


@pytest.mark.parametrize(("count", "more"), [(3, ""), (5, "; and 2 more")])
def test_of_contracts_that_are_odd_three_are_named_and_the_others_counted(
    address, said, count, more
):
    with_odd(said, count)
    _, [told] = asked(address)
    assert told.startswith(f"instruments: binance lists {count} contracts that are not understood")
    assert [f"ODD{n}USDT: " in told for n in range(4)] == [True, True, True, False]
    assert told.endswith(more) if more else "more" not in told


def test_another_venue_that_fails_is_named_and_ours_is_an_error(address):
    found, told = asked(address, venues=("binance", "gate"))
    assert list(found.listed) == ["binance"]
    assert set(found.failed) == {"gate"}
    assert told == [f"instruments: {found.failed['gate']}. Its stored list stays"]
    with pytest.raises(VendorError, match="gate"):
        asked(address, our_venue="gate", venues=("binance", "gate"))
