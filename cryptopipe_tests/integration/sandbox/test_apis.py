"""What a vendor costs the stand-in: one file in ``routes``."""

import sys
from collections import Counter
from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.sandbox import routes
from cryptopipe_assets.sandbox.endpoints import apis, endpoint_of
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

ACME = '''
"""An exchange that nobody has heard of."""

from cryptopipe_assets.sandbox.contents.contents import Venues
from cryptopipe_assets.sandbox.contents.present import Present
from cryptopipe_assets.sandbox.routes.base import StandInApi, endpoint


class Acme(StandInApi[Venues]):
    vendor = "acme"
    limit = (2, 60)

    @staticmethod
    def content_of(source):
        return source.contents.venues

    @endpoint("/api/v2/contracts/{name}/interest")
    def _interest(self, query):
        listed = {each.symbol: each for each in self.content.contracts("gate", query.now)}
        held = Present(listed[query.part("name")], self.content, query.now)
        return {"interest": f"{held.usd:.2f}", "at": query.now}
'''
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """A ninth vendor: one more file beside the others."""
    (tmp_path / "acme.py").write_text(ACME, encoding="utf-8")
    monkeypatch.setattr(routes, "__path__", [*routes.__path__, str(tmp_path)])
    apis.cache_clear()
    yield
    apis.cache_clear()
    sys.modules.pop(f"{routes.__name__}.acme", None)


def test_a_vendor_in_a_file_of_its_own_is_served_limited_and_counted(acme):
    path = "/acme/api/v2/contracts/BTC_USDT/interest"
    with (
        Sandbox(SimulatedSource(), clock=lambda: NOW) as sandbox,
        httpx.Client(base_url=sandbox.url, verify=False) as client,
    ):
        told = [client.get(path) for _ in range(3)]
    assert [each.status_code for each in told] == [200, 200, 429]
    assert told[0].json()["at"] == NOW.timestamp() * 1000
    assert float(told[0].json()["interest"]) > 1e6
    assert 0 < int(told[2].headers["Retry-After"]) <= 60
    assert sandbox.calls == {("acme", "contracts/interest"): 3}


def test_an_unknown_vendor_is_not_counted():
    assert endpoint_of("/acme/api/v2/contracts/BTC_USDT/interest") is None


def test_every_vendor_has_hosts_of_its_own():
    hosts = Counter(host for api in set(apis().values()) for host in api.hosts)
    assert hosts == dict.fromkeys(apis(), 1)


def test_every_vendor_declares_its_endpoints():
    assert {api.vendor for api in apis().values() if not api.endpoints} == set()
