"""The report of the live check: a line an endpoint, and an exit code that means something.

0: every endpoint that could be asked keeps its contract. 1: one has changed, or refuses us.
3: none has changed, but not all could be reached.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.runtime.resources import vendor_clients
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.keys import Keys

STANDIN = "LIVE_CHECK_STANDIN"
"""Address of a stand-in to be checked in place of the world: how this check is tested."""

NOT_REACHED = 3
PASSED, NO_KEY, UNREACHABLE = "ok", "no key", "unreachable"
REPORT = pytest.StashKey[dict[str, tuple[str, str]]]()


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> dict[str, tuple[str, str]]:
    """Endpoint to its verdict and what is to be said of it."""
    return pytestconfig.stash.setdefault(REPORT, {})


@pytest.fixture(scope="session")
def vendors() -> VendorClients:
    """Clients of the real vendors, with the keys of the environment, that ask once."""
    clients = vendor_clients(load_settings().with_environment(vendors="live"))
    hasty = {"attempts": 1, "timeout_seconds": 15.0}
    limits = clients.limits.model_copy(
        update={name: each.model_copy(update=hasty) for name, each in clients.limits}
    )
    clients = replace(clients, limits=limits, state_folder=None, records=Records())
    if address := os.environ.get(STANDIN):
        keys = Keys(coinalyze=SecretStr("any"), coinmarketcap=SecretStr("any"))
        clients = replace(clients, standin=lambda: address, keys=keys)
    return clients


@pytest.fixture(scope="session")
def now() -> datetime:
    """The moment of the check."""
    return datetime.now(UTC)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the verdicts, and what they add up to."""
    found = config.stash.get(REPORT, {})
    if not found:
        return
    terminalreporter.section("live check")
    for name, (verdict, said) in found.items():
        terminalreporter.write_line(f"{verdict:<12} {name:<38} {said}".rstrip())
    verdicts = [verdict for verdict, _ in found.values()]
    summed = ", ".join(f"{verdicts.count(each)} {each}" for each in dict.fromkeys(verdicts))
    terminalreporter.write_line(f"{len(found)} endpoints: {summed}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell what could not be reached from what is well."""
    found = session.config.stash.get(REPORT, {})
    is_unreached = any(verdict == UNREACHABLE for verdict, _ in found.values())
    if is_unreached and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = NOT_REACHED
