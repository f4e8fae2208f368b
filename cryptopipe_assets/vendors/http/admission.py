"""Whether a request may be sent now: no ban, no back-off, a closed circuit, room in the limits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from cryptopipe_assets.vendors.http.ban import Ban
from cryptopipe_assets.vendors.http.breaker import Breaker
from cryptopipe_assets.vendors.http.call_ledger import Ledger
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.quota import Quota, QuotaUsedUp, require
from cryptopipe_assets.vendors.http.rate_limit import Budget, Meter
from cryptopipe_assets.vendors.http.responses import Banned, Request


class Admission:
    """Admission of one account's requests to a vendor, for as long as a session is open.

    Parameters
    ----------
    vendor, account
        Who gets the requests, and who it takes us for.
    limits
        Of short windows, and of days and months.
    ledger
        Where quotas are counted; open.
    breaker
        The vendor's circuits; open.
    journal, clock, state_folder
        As of ``VendorClient``.
    """

    def __init__(
        self,
        vendor: str,
        account: str,
        *,
        limits: tuple[Sequence[Budget], Sequence[Quota]],
        ledger: Ledger,
        breaker: Breaker,
        journal: Journal,
        clock: Callable[[], datetime],
        state_folder: Path | None,
    ) -> None:
        self._vendor, self._account = vendor, account
        budgets, self._quotas = limits
        self._ledger, self._journal, self._clock = ledger, journal, clock
        self._breaker = breaker
        self._ban = Ban(vendor, account, state_folder=state_folder)
        self._backed_off_until = 0.0
        self._meters = {
            each.family: Meter(
                vendor, each, account=account, state_folder=state_folder, journal=journal
            )
            for each in budgets
        }

    async def take(self, request: Request) -> None:
        """Return when there is room for the request in quotas and budgets.

        Raises
        ------
        Banned
            There will be none for a long time: the vendor said so, or a quota is used up.
        CircuitOpen
        ConfigError
            It costs more than a whole budget.
        """
        await self._until_allowed()
        self._breaker.refuse_if_open(request.label)
        for quota in self._quotas:
            require(
                quota,
                self._ledger,
                vendor=self._vendor,
                account=self._account,
                cost=request.cost if quota.family == request.family else 1,
                now=self._clock(),
            )
        if request.family in self._meters:
            await self._meters[request.family].spend(request.cost)

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait for the moment to send, and note how it went; what may be sent changes meanwhile.

        Raises
        ------
        Banned, CircuitOpen
        """
        await self._until_allowed()
        async with self._breaker.watch(request.label):
            yield

    async def _until_allowed(self) -> None:
        """Return when we no longer back off; a ban is raised, not waited for."""
        loop = asyncio.get_running_loop()
        while (wait := self._backed_off_until - loop.time()) > 0:
            await asyncio.sleep(wait)
        until = self._ban.until(self._clock())
        if until is not None:
            raise Banned(until)

    def back_off(self, seconds: float) -> None:
        """Back off: hold back every request for so long.

        Calls during a 429 are what earns a ban, and a vendor that breaks down is not helped by
        the requests of everybody else.
        """
        until = asyncio.get_running_loop().time() + seconds
        self._backed_off_until = max(self._backed_off_until, until)

    def ban(self, refusal: Banned) -> None:
        """Remember a ban, for every process, or note that a quota is used up."""
        name, until = self._vendor, f"{refusal.until:%Y-%m-%d %H:%M:%S} UTC"
        if isinstance(refusal, QuotaUsedUp):
            self._journal.note("quota", f"{name}: {refusal}")
        elif self._ban.begin(refusal.until, refusal.why):
            self._journal.note("ban", f"{name}: no request is sent before {until}: {refusal}")

    def close(self) -> None:
        """Let go of the files."""
        self._breaker.close()
        for meter in self._meters.values():
            meter.close()
