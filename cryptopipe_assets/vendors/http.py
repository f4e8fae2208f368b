"""The session that every vendor's client shares: budgets, retries, redaction.

A vendor is a subclass with one method per endpoint. What a status means is in ``answers``, the
asking again in ``retry``, the waiting for room in ``budget``. Clients are given their transport,
clock and addresses, so a test or the stand-in takes the vendor's place without a mock.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx
from pydantic import SecretStr

from cryptopipe_assets.errors import PayloadChanged, VendorUnavailable
from cryptopipe_assets.vendors.answers import Banned, Question, judge
from cryptopipe_assets.vendors.ban import Ban
from cryptopipe_assets.vendors.budget import Budget as Budget  # the constructor asks for it
from cryptopipe_assets.vendors.budget import Meter
from cryptopipe_assets.vendors.redaction import Redactor, quieten_httpx
from cryptopipe_assets.vendors.retry import AskAgain, GaveUp, Persistence

WHOLE_ANSWER_TIMEOUTS = 10
START_STANDIN = "; is the stand-in running? start it with `cryptopipe sandbox`"

Params = Mapping[str, str | int]


def utcnow() -> datetime:
    """Now, with its time zone."""
    return datetime.now(UTC)


class VendorClient:
    """One vendor's HTTP session, an async context manager; nothing is opened before entering it.

    Parameters
    ----------
    base_url
        Address that all paths are below.
    budgets
        Limits by family; a request of a family that is not listed is not held back.
    concurrency
        Most requests in flight at once.
    timeout_seconds
        Longest silence on a connection; a whole answer may take ten times as long.
    attempts
        How often a request is sent before we give up.
    api_key
        Sent in the subclass's header ``key_header`` (or, where a vendor takes no header, in the
        parameter ``key_param``, which no log and no error shows).
    transport
        Replaces the network, in tests.
    clock
        Tells the time (UTC).
    state_folder
        Where budgets and bans are shared between processes; null keeps them in memory.
    backoff_seconds
        Wait before the second attempt; it doubles with each further one.

    Attributes
    ----------
    calls
        Requests sent per endpoint, retries included.
    """

    vendor: ClassVar[str]
    verb: ClassVar[str] = "GET"  # with "POST", the parameters travel as a JSON body
    key_header: ClassVar[str | None] = None
    key_param: ClassVar[str | None] = None

    def __init__(
        self,
        *,
        base_url: str,
        budgets: Sequence[Budget] = (),
        concurrency: int = 8,
        timeout_seconds: float = 30,
        attempts: int = 4,
        api_key: SecretStr | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = utcnow,
        state_folder: Path | None = None,
        backoff_seconds: float = 1.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.calls: Counter[str] = Counter()
        self.clock = clock
        self.redact = Redactor(api_key)
        self._budgets = tuple(budgets)
        self._concurrency = concurrency
        self._timeout_seconds = timeout_seconds
        self._persistence = Persistence(attempts=attempts, backoff_seconds=backoff_seconds)
        self._api_key = api_key
        self._transport = transport
        self._state_folder = state_folder
        self._ban = Ban(self.vendor, state_folder=state_folder)
        self._quiet_until = 0.0
        self._meters: dict[str, Meter] = {}
        self._http: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    async def __aenter__(self) -> Self:
        quieten_httpx()
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            headers={"User-Agent": "cryptopipe", **self._key_as(self.key_header)},
            timeout=self._timeout_seconds,
            transport=self._transport,
            trust_env=not self._is_local(),  # a proxy cannot reach our loopback
            follow_redirects=False,
        )
        self._slots = asyncio.Semaphore(self._concurrency)
        self._quiet_until = 0.0
        self._meters = {
            each.family: Meter(self.vendor, each, state_folder=self._state_folder)
            for each in self._budgets
        }
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for meter in self._meters.values():
            meter.close()
        if self._http is not None:
            await self._http.aclose()
        self._http = None

    async def get_json(
        self, path: str, params: Params, *, family: str, cost: int = 1, label: str | None = None
    ) -> Any:
        """Return the decoded JSON answer to ``params`` at ``path``.

        ``family`` names the budget that pays ``cost`` units; ``label`` is the endpoint's name in
        ``calls`` (the path, if not given).

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        body = await self.get_text(path, params, family=family, cost=cost, label=label)
        try:
            return json.loads(body)
        except ValueError as exc:
            raise self.changed(f"{path}: expected JSON, got: {self.redact(body)}") from exc

    async def get_text(
        self, path: str, params: Params, *, family: str, cost: int = 1, label: str | None = None
    ) -> bytes:
        """Return a JSON answer not yet decoded; all else as ``get_json``."""
        return await self._ask(
            Question(path=path, params=params, family=family, cost=cost, label=label or path)
        )

    async def get_bytes(self, path: str, *, family: str) -> bytes:
        """Return a file of an archive as it is; ``family`` is also its name in ``calls``.

        Raises
        ------
        NotPublished
            If there is no such file.
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        return await self._ask(
            Question(path=path, params={}, family=family, cost=1, label=family, is_file=True)
        )

    def changed(self, what: str) -> PayloadChanged:
        """Return the error for an answer that is not what the vendor promised."""
        return PayloadChanged(
            self.vendor, f"{what}. Nothing was written; see the vendor's change log"
        )

    def screen(self, response: httpx.Response) -> None:
        """Raise AskAgain, Banned or a VendorError for what only this vendor means by an answer."""

    async def _ask(self, question: Question) -> bytes:
        """Ask until there is an answer, a refusal, or no attempt left."""

        async def once() -> bytes:
            await self._wait_for_leave(question)
            try:
                response = await self._send(question)
                self.screen(response)
                now = self.clock()
                return judge(response, question, vendor=self.vendor, redact=self.redact, now=now)
            except AskAgain as exc:
                # Whoever is next waits too: calls during a 429 are what earns a ban.
                quiet = asyncio.get_running_loop().time() + exc.wait_seconds
                self._quiet_until = max(self._quiet_until, quiet)
                raise

        try:
            return await self._persistence.run(once)
        except Banned as exc:
            self._ban.begin(exc.until)
            raise self._unavailable(question, str(exc)) from exc
        except GaveUp as exc:
            tries = "1 attempt" if exc.sent == 1 else f"{exc.sent} attempts"
            raise self._unavailable(question, f"no answer in {tries}, last: {exc}") from exc

    def _unavailable(self, question: Question, why: str) -> VendorUnavailable:
        """Return the error that says who, what, why, and what to do."""
        hint = START_STANDIN if self._is_local() and "ConnectError" in why else ""
        return VendorUnavailable(
            self.vendor, f"{question}: {why}{hint}. Nothing was written; run again later"
        )

    async def _wait_for_leave(self, question: Question) -> None:
        """Return when the vendor lets us speak and the budget has room."""
        until = self._ban.until(self.clock())
        if until is not None:
            raise Banned(until)
        loop = asyncio.get_running_loop()
        while (quiet := self._quiet_until - loop.time()) > 0:
            await asyncio.sleep(quiet)
        if question.family in self._meters:
            await self._meters[question.family].spend(question.cost)

    async def _send(self, question: Question) -> httpx.Response:
        """Send one request; every failure on the way may pass."""
        if self._http is None:
            raise RuntimeError(f"{self!r} is closed; use it inside `async with`")
        params = {**question.params, **self._key_as(self.key_param)}
        query, body = (params, None) if self.verb == "GET" else (None, params)
        async with self._slots:
            self.calls[question.label] += 1
            try:
                async with asyncio.timeout(self._timeout_seconds * WHOLE_ANSWER_TIMEOUTS):
                    return await self._http.request(
                        self.verb, question.path, params=query, json=body
                    )
            except (httpx.TransportError, httpx.DecodingError, TimeoutError) as exc:
                raise AskAgain(self.redact(f"{type(exc).__name__}: {exc}")) from exc

    def _key_as(self, name: str | None) -> dict[str, str]:
        """Return the key under the name that the vendor wants it by, if there is one."""
        if name is None or self._api_key is None:
            return {}
        return {name: self._api_key.get_secret_value()}

    def _is_local(self) -> bool:
        """Tell whether the address is on this machine, as the stand-in's is."""
        host = httpx.URL(self.base_url).host
        return host in ("localhost", "::1") or host.startswith("127.")
