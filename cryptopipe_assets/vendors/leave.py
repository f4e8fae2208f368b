"""Whether a vendor may be asked now: no ban, no quiet time, room in budgets and quotas."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from cryptopipe_assets.vendors.answers import Banned, Question
from cryptopipe_assets.vendors.ban import Ban
from cryptopipe_assets.vendors.budget import Budget, Meter
from cryptopipe_assets.vendors.journal import Journal
from cryptopipe_assets.vendors.ledger import Ledger
from cryptopipe_assets.vendors.quota import Quota, QuotaUsedUp, require


class Leave:
    """One account's leave to ask a vendor, for as long as a session is open.

    Parameters
    ----------
    vendor, account
        Who is asked, and who it takes us for.
    limits
        Of short windows, and of days and months.
    ledger
        Where quotas are counted; open.
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
        journal: Journal,
        clock: Callable[[], datetime],
        state_folder: Path | None,
    ) -> None:
        self._vendor, self._account = vendor, account
        budgets, self._quotas = limits
        self._ledger, self._journal, self._clock = ledger, journal, clock
        self._ban = Ban(vendor, account, state_folder=state_folder)
        self._quiet_until = 0.0
        self._meters = {
            each.family: Meter(
                vendor, each, account=account, state_folder=state_folder, journal=journal
            )
            for each in budgets
        }

    async def take(self, question: Question) -> None:
        """Return when the question may be sent.

        Raises
        ------
        Banned
            It may not for a long time: the vendor said so, or a quota is used up.
        ConfigError
            It costs more than a whole budget.
        """
        now = self._clock()
        until = self._ban.until(now)
        if until is not None:
            raise Banned(until)
        for quota in self._quotas:
            cost = question.cost if quota.family == question.family else 1
            require(
                quota, self._ledger, vendor=self._vendor, account=self._account, cost=cost, now=now
            )
        loop = asyncio.get_running_loop()
        while (quiet := self._quiet_until - loop.time()) > 0:
            await asyncio.sleep(quiet)
        if question.family in self._meters:
            await self._meters[question.family].spend(question.cost)

    def be_quiet(self, seconds: float) -> None:
        """Hold back every question for so long: calls during a 429 are what earns a ban."""
        until = asyncio.get_running_loop().time() + seconds
        self._quiet_until = max(self._quiet_until, until)

    def ban(self, refusal: Banned) -> None:
        """Remember, for every process, how long the vendor wants to hear nothing from us."""
        name, until = self._vendor, f"{refusal.until:%Y-%m-%d %H:%M:%S} UTC"
        if isinstance(refusal, QuotaUsedUp):
            self._journal.note("quota", f"{name}: {refusal}")
        elif self._ban.begin(refusal.until):
            self._journal.note("ban", f"{name}: nothing is asked before {until}: {refusal}")

    def close(self) -> None:
        """Let go of the files."""
        for meter in self._meters.values():
            meter.close()
