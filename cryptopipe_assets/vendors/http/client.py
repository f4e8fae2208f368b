"""The session that every vendor's client shares.

A vendor is a subclass with one method per endpoint. What a status means is in ``responses``,
retries are in ``retry``, whether a request may be sent in ``admission``, the wire in
``connection``, the ledger and journal in ``records``. Clients are given their transport, clock
and addresses, so a test or the stand-in takes the vendor's place without a mock.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx
from pydantic import SecretStr

from cryptopipe_assets.core.errors import PayloadChanged, RateLimited, VendorUnavailable
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.vendors.http.breaker import CircuitOpen
from cryptopipe_assets.vendors.http.connection import Connection, RequestFormat, hint
from cryptopipe_assets.vendors.http.quota import Quota as Quota
from cryptopipe_assets.vendors.http.rate_limit import Budget as Budget
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.http.redaction import Redactor
from cryptopipe_assets.vendors.http.rejection import Rejection
from cryptopipe_assets.vendors.http.responses import Banned, Request, judge
from cryptopipe_assets.vendors.http.retry import RetriesExhausted, Retryable, RetryPolicy
from cryptopipe_assets.vendors.http.session import Session, open_session
from cryptopipe_assets.vendors.parsing.bounds import Bounds, bounds_of
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, decoded

Params = Mapping[str, str | int]


class VendorClient:
    """One vendor's HTTP session, an async context manager; nothing is opened before entering it.

    Parameters
    ----------
    base_url
        Address that all paths are below.
    budgets, quotas
        Limits of short windows, and of days and months, by family; a request of a family that
        is not listed is not held back.
    concurrency, timeout_seconds, transport
        As of ``Connection``.
    attempts
        How often a request is sent before we give up.
    api_key
        Sent in the subclass's header ``key_header`` (or, where a vendor takes no header, in the
        parameter ``key_param``, which no log and no error shows).
    clock
        Gives the time (UTC).
    state_folder
        Where budgets and bans are shared between processes; null keeps them in memory.
    backoff_seconds
        Wait before the second attempt; it doubles with each further one.
    records
        Where spending and decisions are entered.

    Attributes
    ----------
    calls
        Requests sent per endpoint, retries included.
    """

    vendor: ClassVar[str]
    verb: ClassVar[str] = "GET"  # with "POST", the parameters travel as a JSON body
    key_header: ClassVar[str | None] = None
    key_param: ClassVar[str | None] = None
    bounds: ClassVar[Mapping[str, Bounds]] = {}  # of endpoints that have their own: the terms'

    def __init__(
        self,
        *,
        base_url: str,
        budgets: Sequence[Budget] = (),
        quotas: Sequence[Quota] = (),
        concurrency: int = 8,
        timeout_seconds: float = 30,
        attempts: int = 4,
        api_key: SecretStr | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = utcnow,
        state_folder: Path | None = None,
        backoff_seconds: float = 1.0,
        records: Records | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.calls: Counter[str] = Counter()
        self.redact = Redactor(api_key)
        self.records = records or Records()
        tap = self.records.tap
        self.clock, self._wall = (tap.response_time, tap.wall) if tap else (clock, clock)
        self._limits = (tuple(budgets), tuple(quotas))
        self._concurrency, self._timeout_seconds = concurrency, timeout_seconds
        self._retry_policy = RetryPolicy(attempts=attempts, backoff_seconds=backoff_seconds)
        self._api_key = api_key
        self._transport = transport
        self._state_folder = state_folder
        self._session: Session | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    async def __aenter__(self) -> Self:
        request_format = RequestFormat(
            verb=self.verb, key_header=self.key_header, key_param=self.key_param
        )
        self._session = open_session(
            self.vendor,
            Connection(
                self.base_url,
                request_format,
                api_key=self._api_key,
                concurrency=self._concurrency,
                timeout_seconds=self._timeout_seconds,
                transport=self._transport,
            ),
            limits=self._limits,
            records=self.records,
            clock=self._wall,
            state_folder=self._state_folder,
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._session is not None:
            await self._session.close()
        self._session = None

    @property
    def parts(self) -> "tuple[VendorClient, ...]":
        """The clients behind a venue: this one."""
        return (self,)

    async def get_json(
        self, path: str, params: Params, *, family: str, cost: int = 1, label: str | None = None
    ) -> Any:
        """Return the decoded JSON response to ``params`` at ``path``.

        ``family`` names the budget that pays ``cost`` units; ``label`` is the endpoint's name in
        ``calls`` (the path, if not given).

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        body = await self.get_text(path, params, family=family, cost=cost, label=label)
        try:
            return decoded(body, self._bounds(label or path))
        except UnexpectedShape as exc:
            raise self.changed(path, f"{exc}, got: {self.redact(body)}") from exc

    async def get_text(
        self, path: str, params: Params, *, family: str, cost: int = 1, label: str | None = None
    ) -> bytes:
        """Return a JSON response not yet decoded; all else as ``get_json``."""
        return await self._ask(
            Request(
                path=path,
                params=params,
                family=family,
                cost=cost,
                label=label or path,
                bounds=self._bounds(label or path),
            )
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
            Request(
                path=path,
                params={},
                family=family,
                cost=1,
                label=family,
                is_file=True,
                bounds=self._bounds(family, is_file=True),
            )
        )

    def _bounds(self, endpoint: str, *, is_file: bool = False) -> Bounds:
        return bounds_of(self.bounds, endpoint, is_file=is_file)

    def changed(self, where: str, fault: UnexpectedShape | str) -> PayloadChanged:
        """Return the error for a response that is not what the vendor promised; see ``Rejection``.

        It is to be made by the task that got the response, of which a sample is saved.
        """
        return self._rejection.of(where, fault)

    def promised(self, where: str) -> AbstractContextManager[None]:
        """Read what the vendor promised; in the block, an ``UnexpectedShape`` becomes ``changed``.

        The block is to be run by the task that got the response, as ``changed`` is.

        Parameters
        ----------
        where
            The endpoint, and what was asked for.
        """
        return self._rejection.promised(where)

    @property
    def _rejection(self) -> Rejection:
        return Rejection(
            vendor=self.vendor, records=self.records, redact=self.redact, clock=self.clock
        )

    def screen(self, response: httpx.Response) -> None:
        """Raise Retryable, Banned or a VendorError for what only this vendor means by it."""

    async def _ask(self, request: Request) -> bytes:
        """Send the request; where responses are recorded or replayed, through the tap."""
        if (tap := self.records.tap) is None:
            return await self._ask_vendor(request)
        asked = self.vendor, self.verb, request
        return await tap.response_to(*asked, lambda: self._ask_vendor(request))

    async def _ask_vendor(self, request: Request) -> bytes:
        """Send the request until there is a response, a refusal, or no attempt left."""
        session = self._opened()

        async def once() -> bytes:
            await session.admission.take(request)
            async with session.connection.slots, session.admission.turn(request):
                with self.promised(str(request)):
                    response = await self._send(session, request)
                    self.screen(response)
                    now, vendor = self._wall(), self.vendor
                    return judge(response, request, vendor=vendor, redact=self.redact, now=now)

        def before_retry(failure: Retryable, sent: int) -> None:
            session.admission.back_off(failure.wait_seconds)
            self.records.journal.note(
                "retry",
                f"{self.vendor} {request.label}: attempt {sent} of {self._retry_policy.attempts}: "
                f"{failure}; retry in {failure.wait_seconds:.1f} s",
            )

        try:
            body = await self._retry_policy.run(once, before_retry)
            return body if self.records.tap is None else self.redact.blank_body(body)
        except Banned as exc:
            session.admission.ban(exc)
            raise RateLimited(self.vendor, self._no_response(request, str(exc))) from exc
        except CircuitOpen as exc:
            raise VendorUnavailable(self.vendor, self._no_response(request, str(exc))) from exc
        except RetriesExhausted as exc:
            tries = "1 attempt" if exc.sent == 1 else f"{exc.sent} attempts"
            why = self._no_response(request, f"no usable response in {tries}, last: {exc}")
            if exc.last.is_limit:
                session.admission.back_off(exc.last.wait_seconds)
                raise RateLimited(self.vendor, why) from exc
            raise VendorUnavailable(self.vendor, why) from exc

    def _no_response(self, request: Request, why: str) -> str:
        """Say what was requested, why there is no response, and what to do."""
        return f"{request}: {why}{hint(self.base_url, why)}. Nothing was written; run again later"

    async def _send(self, session: Session, request: Request) -> httpx.Response:
        """Enter a request in the call ledger and send it."""
        self.calls[request.label] += 1
        session.spend(request.family, request.label, calls=1, units=request.cost)
        response = await session.connection.send(request)
        session.remember(response, request)
        return response

    def spend(self, family: str, endpoint: str, *, calls: int, units: int) -> None:
        """Enter into the ledger what an endpoint cost."""
        self._opened().spend(family, endpoint, calls=calls, units=units)

    def _opened(self) -> Session:
        if self._session is None:
            raise RuntimeError(f"{self!r} is closed; use it inside `async with`")
        return self._session
