"""Which of CoinGecko's plans answers: chosen, probed, and fallen back from.

A refused key opens the next lower plan, with a warning, for as long as the client lives. An
address that does not answer is passed over for that question. A limit is neither: it is waited
for, and then it is a failure.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx
from pydantic import SecretStr

from cryptopipe_assets.core.errors import ConfigError, RateLimited, VendorError, VendorUnavailable
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.vendors.coingecko.plans import Demo, Keyless, KeyRefused, PlanSession, Pro
from cryptopipe_assets.vendors.coingecko.terms import PLANS, Plan
from cryptopipe_assets.vendors.http.client import Params
from cryptopipe_assets.vendors.http.quota import Quota
from cryptopipe_assets.vendors.http.rate_limit import Budget
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.http.redaction import Redactor

logger = logging.getLogger("cryptopipe.vendors")

PING = "/ping"
KEY_PREFIX = "CG-"  # of every key, whatever its plan
PLANS_DOWN_FROM: dict[Plan, tuple[type[PlanSession], ...]] = {
    "pro": (Pro, Demo, Keyless),
    "demo": (Demo, Keyless),
    "none": (Keyless,),
}


class Fallback:
    """Sessions with CoinGecko's plans, best first; an async context manager.

    Parameters
    ----------
    api_key, plan
        The key, and the plan it is of. A key without a stated plan is tried once on the paid
        host. A plan of ``none`` leaves the key unused.
    addresses
        Where each plan is served; by default, at the vendor.
    share
        How much of a plan's limit we plan to use.
    calls_per_month
        What the key's plan allows, where that is another number than ``PLANS`` has.
    concurrency, timeout_seconds, attempts, transport, clock, state_folder, backoff_seconds, records
        As of ``VendorClient``.

    Raises
    ------
    ConfigError
        If a plan needs a key and there is none.
    """

    def __init__(
        self,
        *,
        api_key: SecretStr | None = None,
        plan: Plan | None = None,
        addresses: Mapping[Plan, str] | None = None,
        share: float = 0.8,
        concurrency: int = 4,
        timeout_seconds: float = 30,
        attempts: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = utcnow,
        state_folder: Path | None = None,
        backoff_seconds: float = 1.0,
        records: Records | None = None,
        calls_per_month: int | None = None,
    ) -> None:
        best = best_plan(api_key, plan)
        self.records = records or Records()
        self._sessions = [
            kind(
                base_url=(addresses or {}).get(kind.plan, PLANS[kind.plan].address),
                budgets=[_budget(kind, share)],
                quotas=_quotas(kind, share, calls_per_month),
                concurrency=concurrency,
                timeout_seconds=timeout_seconds,
                attempts=attempts,
                api_key=api_key,
                transport=transport,
                clock=clock,
                state_folder=state_folder,
                backoff_seconds=backoff_seconds,
                records=self.records,
            )
            for kind in PLANS_DOWN_FROM[best]
        ]
        tap = self.records.tap
        self.clock = tap.response_time if tap else clock
        self.redact = Redactor(api_key)
        self._first = 0
        self._is_plan_known = plan is not None or best == "none"
        self._open = AsyncExitStack()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(plan={self.plan!r})"

    @property
    def plan(self) -> Plan:
        """The plan that is asked first; it changes when a key is refused."""
        return self._sessions[self._first].plan

    @property
    def calls(self) -> Counter[str]:
        """Requests sent per endpoint on any plan, retries included."""
        return sum((each.calls for each in self._sessions), Counter())

    async def __aenter__(self) -> Self:
        self._one_probe = asyncio.Lock()
        for each in self._sessions:
            await self._open.enter_async_context(each)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._open.aclose()

    async def ask(self, path: str, params: Params, *, label: str | None = None) -> Any:
        """Return the decoded answer of the best plan that gives one.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
            Of the last plan that was asked.
        """
        passed_over = await self._probe()
        failure: VendorError | None = None
        for place, session in enumerate(self._sessions):
            if place < self._first or session.base_url in passed_over:
                continue
            try:
                return await session.get_json(path, params, family=session.family(), label=label)
            except KeyRefused as exc:
                failure = exc
                self._lower_to(place + 1, exc)
            except VendorUnavailable as exc:
                if isinstance(exc, RateLimited):
                    raise
                failure = exc
                passed_over.add(session.base_url)
                self._tell(f"{exc}. Fallback to the next address")
        assert failure is not None  # the keyless plan is always asked, or what is passed over fell
        raise failure

    async def _probe(self) -> set[str]:
        """Find out, once, whether a key of unknown plan is a paid one.

        Returns
        -------
        Addresses that just did not answer; the plan then stays unknown.
        """
        async with self._one_probe:
            if self._is_plan_known:
                return set()
            paid = self._sessions[0]
            try:
                await paid.get_json(PING, {}, family=paid.family())
            except KeyRefused:
                self._first = 1
                self._tell("coingecko: the key is not of a paid plan; taken for a demo key")
            except VendorUnavailable as exc:
                if isinstance(exc, RateLimited) or self._sessions[-1].base_url == paid.base_url:
                    raise
                self._tell(f"{exc}. Fallback to the next address")
                return {paid.base_url}
            self._is_plan_known = True
            return set()

    def _lower_to(self, place: int, refusal: KeyRefused) -> None:
        """Ask the plan at ``place`` first from now on, if there is one."""
        if place < len(self._sessions) and place > self._first:
            self._first = place
            self._tell(f"{refusal}. Plan {self.plan} is used from now on")

    def _tell(self, what: str) -> None:
        self.records.journal.note("fallback", what)


def best_plan(api_key: SecretStr | None, plan: Plan | None) -> Plan:
    """Return the plan to begin with.

    Raises
    ------
    ConfigError
    """
    has_key = api_key is not None and bool(api_key.get_secret_value())
    if plan in ("demo", "pro") and not has_key:
        raise ConfigError(
            f"COINGECKO_PLAN is {plan}, but COINGECKO_API_KEY is empty: set the key, or the plan "
            "to none"
        )
    if plan is not None or api_key is None or not has_key:
        return plan or "none"
    if api_key.get_secret_value().startswith(KEY_PREFIX):
        return "pro"
    logger.warning(
        "coingecko: COINGECKO_API_KEY does not begin with %s and is not used: check it, or state "
        "its plan in COINGECKO_PLAN",
        KEY_PREFIX,
    )
    return "none"


def _budget(kind: type[PlanSession], share: float) -> Budget:
    """At least one call a minute, whatever the share."""
    units = max(1, int(PLANS[kind.plan].calls_per_minute * share))
    return Budget(family=kind.family(), units=units, per_seconds=60)


def _quotas(kind: type[PlanSession], share: float, calls_per_month: int | None) -> list[Quota]:
    """The month of a key's plan; without a key there is no such limit."""
    limit = PLANS[kind.plan].calls_per_month
    if limit is None:
        return []
    units = max(1, int((calls_per_month or limit) * share))
    return [Quota(family=kind.family(), units=units, per="month")]
