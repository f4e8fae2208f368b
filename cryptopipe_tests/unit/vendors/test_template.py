"""The template of a vendor is a vendor: the same parsers read it, the same code asks it."""

from datetime import UTC, date, datetime

import pytest

from cryptopipe_assets.core.errors import PayloadChanged
from cryptopipe_assets.vendors._template.client import Template
from cryptopipe_assets.vendors._template.terms import TERMS
from cryptopipe_assets.vendors.http.limits import RequestLimits
from cryptopipe_assets.vendors.protocols import OffersOpenInterest, Wanted
from cryptopipe_assets.vendors.terms import Poll
from cryptopipe_tests.unit.vendors.conftest import answering, asked, mocked

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
TODAY = Wanted(coins=frozenset({"BTC"}), days=(date(2026, 2, 3),), now=NOON)
ROW = {"base": "BTC", "quote": "USDT", "openInterest": "2.5", "markPrice": "40000"}


def client(body):
    options = {"base_url": TERMS.address, "clock": lambda: NOON}
    return mocked(Template, answering(body), **options)


def test_it_has_the_capability_that_its_terms_offer_and_says_what_it_costs():
    assert isinstance(Template(base_url=TERMS.address), OffersOpenInterest)
    assert issubclass(TERMS.limits, RequestLimits)
    assert [each.units for each in TERMS.rates(TERMS.limits(), "")] == [60]
    poll = Poll(every_minutes=60, days_before=0, coins=("BTC",), contracts=1)
    [offer] = TERMS.offers
    assert [each.endpoint for each in offer.polled(poll)] == ["/open-interest"]


def test_its_client_reads_and_refuses_as_every_client_does():
    found = asked(client([ROW]), lambda template: template.hourly_open_interest(TODAY))
    assert found.frame["open_interest_usd"].to_list() == [100_000.0]
    for broken in ([], [{**ROW, "openInterest": 2.5}], {"error": "x"}):
        with pytest.raises(PayloadChanged, match="_template"):
            asked(client(broken), lambda template: template.hourly_open_interest(TODAY))
