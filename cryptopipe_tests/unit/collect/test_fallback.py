"""Which source fills a table when the one before it fails, and what is told of it."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.fallback import first_available
from cryptopipe_assets.config.source_choice import SourceChoice
from cryptopipe_assets.config.sources import Choice
from cryptopipe_assets.core.errors import (
    ConfigError,
    PayloadChanged,
    RateLimited,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.catalog import Vendors
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.keys import Keys

ORDER = ("coinmarketcap", "coingecko")


@pytest.fixture
def clients() -> VendorClients:
    return VendorClients(
        limits=Vendors(),
        missing_instrument="fail",
        standin=None,
        state_folder=None,
        sources=SourceChoice(market_cap=ORDER),
        keys=Keys(coinmarketcap=SecretStr("k" * 20)),
    ).reporting_to(Journal())


def told(clients: VendorClients) -> list[tuple[str, str]]:
    return [(each.kind, each.what) for each in clients.records.journal.kept]


def failing(*failures: Exception | None):
    """Ask that raises each failure in turn, then gives the name of the source."""
    left = list(failures)

    def ask(choice: Choice) -> str:
        failure = left.pop(0) if left else None
        if failure is not None:
            raise failure
        return choice.source

    return ask


def test_the_first_source_that_responds_is_the_one(clients):
    choice, found = first_available(clients, "market_cap", failing())
    assert (choice.source, found) == ("coinmarketcap", "coinmarketcap")
    assert told(clients) == [
        ("source", "market_cap: source coinmarketcap: CMC_API_KEY is given"),
    ]


def test_a_source_that_is_down_is_followed_by_the_next_which_says_why(clients):
    down = VendorUnavailable("coinmarketcap", "no response")
    choice, found = first_available(clients, "market_cap", failing(down))
    assert (choice.source, found) == ("coingecko", "coingecko")
    assert choice.reason.startswith("coinmarketcap is not available: coinmarketcap: no response; ")
    assert told(clients)[1][0] == "fallback"
    assert told(clients)[1][1].endswith("no response. Fallback to coingecko")


def test_the_failure_of_the_last_source_is_the_answer(clients):
    first, last = (VendorUnavailable(name, "no response") for name in ORDER)
    with pytest.raises(VendorUnavailable, match="coingecko"):
        first_available(clients, "market_cap", failing(first, last))
    assert [kind for kind, _ in told(clients)] == ["source", "fallback", "source"]


@pytest.mark.parametrize("kind", [RateLimited, VendorRejected, PayloadChanged])
def test_a_limit_a_refusal_and_a_change_of_shape_are_no_reason_for_another_source(clients, kind):
    with pytest.raises(kind):
        first_available(clients, "market_cap", failing(kind("coinmarketcap", "no")))
    assert [what for what, _ in told(clients)] == ["source"]


def test_without_its_key_a_source_is_passed_over_and_without_any_it_is_an_error(clients):
    keyless = replace(clients, keys=Keys())
    choice, _ = first_available(keyless, "market_cap", failing())
    assert choice.source == "coingecko"
    assert "CMC_API_KEY is not given" in choice.reason
    only = replace(keyless, sources=SourceChoice(market_cap=("coinmarketcap",)))
    with pytest.raises(ConfigError, match="CMC_API_KEY"):
        first_available(only, "market_cap", failing())
