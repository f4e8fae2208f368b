"""What the session enters in its books: spending, quotas, decisions."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import RateLimited, StorageError, VendorUnavailable
from cryptopipe_assets.vendors.http.call_ledger import FILE, Ledger, read_spending
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.quota import Quota
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_tests.unit.vendors.conftest import Vendor, answers, asked
from cryptopipe_tests.unit.vendors.http.acme import acme as acme_of

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
KEY = "k3y-that-nobody-may-see"


def acme(vendor: Vendor, **options: Any) -> Any:
    return acme_of(vendor, clock=lambda: NOW, **options)


async def prices(client: VendorClient) -> Any:
    return await client.get_json("/prices", {"symbol": "BTC"}, family="weight", cost=3)


def ask(client: VendorClient, work: Callable[[Any], Awaitable[Any]] = prices) -> Any:
    return asked(client, work)


def test_every_request_is_entered_before_it_is_sent_for_the_table_that_wants_it(tmp_path):
    def vendor(request: httpx.Request) -> httpx.Response:
        seen.append(read_spending(tmp_path)["calls"].sum())
        return httpx.Response(503) if len(seen) == 1 else httpx.Response(200, json=1)

    seen: list[int] = []
    records = Records(folder=tmp_path, journal=Journal("prices_1m", "run-1"))
    assert ask(acme(vendor, records=records)) == 1
    assert seen == [1, 2]
    [row] = read_spending(tmp_path).rows()
    assert row == (NOW.date(), "acme", "address", "weight", "/prices", "prices_1m", 2, 6)


def test_a_key_is_in_the_ledger_as_an_account_and_nowhere_as_itself(tmp_path):
    records = Records(folder=tmp_path)
    ask(acme(answers(httpx.Response(200, json=1)), records=records, api_key=SecretStr(KEY)))
    assert read_spending(tmp_path)["account"].item().startswith("key-")
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not [content for content in kept if KEY.encode() in content]


def test_a_quota_that_is_used_up_is_refused_before_the_vendor_is_asked(tmp_path):
    with Ledger(tmp_path / FILE) as ledger:
        ledger.spend(
            date(2026, 2, 1),
            "acme",
            account="address",
            family="weight",
            endpoint="/prices",
            units=95,
        )
    journal = Journal()
    client = acme(
        answers(httpx.Response(200, json=1)),
        quotas=[Quota(family="weight", units=100, per="month")],
        records=Records(folder=tmp_path, journal=journal),
    )

    async def twice(client: VendorClient) -> None:
        assert await client.get_json("/prices", {}, family="weight", cost=5) == 1
        await client.get_json("/prices", {}, family="weight", cost=1)

    with pytest.raises(
        RateLimited, match=r"monthly quota used up \(100 of 100 weight.*renews 01 Mar 2026"
    ):
        ask(client, twice)
    assert client.calls == {"/prices": 1}
    assert journal.counts == {"quota": 1}
    # A quota is a plan of ours, not a ban: with more room the next run asks at once.
    roomier = acme(
        answers(httpx.Response(200, json=1)),
        quotas=[Quota(family="weight", units=200, per="month")],
        records=Records(folder=tmp_path),
        state_folder=tmp_path,
    )
    assert ask(roomier) == 1


def test_a_ban_of_one_key_does_not_ban_another(tmp_path):
    refusal = httpx.Response(429, headers={"Retry-After": "7200"})
    first = acme(answers(refusal), state_folder=tmp_path, api_key=SecretStr(KEY))
    with pytest.raises(RateLimited, match="14:00:00"):
        ask(first)
    again = acme(
        answers(httpx.Response(200, json=1)), state_folder=tmp_path, api_key=SecretStr(KEY)
    )
    with pytest.raises(RateLimited, match="14:00:00"):
        ask(again)
    other = SecretStr("another")
    assert (
        ask(acme(answers(httpx.Response(200, json=1)), state_folder=tmp_path, api_key=other)) == 1
    )


def test_each_retry_is_told_with_its_reason_and_its_wait(caplog):
    caplog.set_level(logging.INFO, logger="cryptopipe.vendors")
    journal = Journal("prices_1m")
    answers = [httpx.Response(503, text=f"busy, {KEY}"), httpx.Response(200, json=1)]
    client = acme(
        lambda request: answers.pop(0), api_key=SecretStr(KEY), records=Records(journal=journal)
    )
    assert ask(client) == 1
    told = [each.what for each in journal.kept]
    assert told == ["acme /prices: attempt 1 of 4: HTTP 503: busy, ***; retry in 0.0 s"]
    assert told[0] in caplog.messages
    assert KEY not in caplog.text


def test_a_429_until_the_end_is_a_limit_and_an_outage_is_not():
    with pytest.raises(RateLimited, match="no usable response in 2 attempts, last: HTTP 429"):
        ask(acme(answers(httpx.Response(429)), attempts=2))
    with pytest.raises(VendorUnavailable) as caught:
        ask(acme(answers(httpx.Response(503)), attempts=2))
    assert not isinstance(caught.value, RateLimited)


def test_of_header_and_body_the_longer_ban_counts():
    body = {"code": -1003, "msg": "banned until 1770121200000."}  # 12:20 of that day
    ban = httpx.Response(418, json=body, headers={"Retry-After": "120"})
    with pytest.raises(RateLimited, match="until 2026-02-03 12:20:00 UTC"):
        ask(acme(answers(ban)))


def test_without_a_ledger_nothing_is_asked(tmp_path):
    (tmp_path / "file").write_text("")
    client = acme(
        answers(httpx.Response(200, json=1)), records=Records(folder=tmp_path / "file" / "x")
    )
    with pytest.raises(StorageError, match="ledger of calls"):
        ask(client)
    assert not client.calls
