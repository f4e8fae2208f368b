"""What a client has while it is open: the wire, the admission to it, the call ledger."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from cryptopipe_assets.vendors.http.admission import Admission
from cryptopipe_assets.vendors.http.breaker import Breaker
from cryptopipe_assets.vendors.http.call_ledger import Ledger
from cryptopipe_assets.vendors.http.connection import Connection
from cryptopipe_assets.vendors.http.quota import Quota
from cryptopipe_assets.vendors.http.rate_limit import Budget
from cryptopipe_assets.vendors.http.recent_responses import RecentResponse, remember
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.http.responses import Request


@dataclass(frozen=True, kw_only=True)
class Session:
    """One vendor, used by one account.

    Attributes
    ----------
    account
        Who the vendor takes us for: ``address``, or what stands for a key.
    """

    vendor: str
    account: str
    ledger: Ledger
    connection: Connection
    admission: Admission
    records: Records
    clock: Callable[[], datetime]

    def spend(self, family: str, endpoint: str, *, calls: int, units: int) -> None:
        """Enter into the ledger what an endpoint costs."""
        self.ledger.spend(
            self.clock().date(),
            self.vendor,
            account=self.account,
            family=family,
            endpoint=endpoint,
            table=self.records.journal.table,
            calls=calls,
            units=units,
        )

    def remember(self, response: httpx.Response, request: Request) -> None:
        """Keep a response in mind, in case it is rejected later."""
        recent_response = RecentResponse(
            vendor=self.vendor,
            method=response.request.method,
            address=self.connection.base_url,
            path=request.path,
            params=request.params,
            status=response.status_code,
            content_type=response.headers.get("Content-Type", ""),
            at=self.clock(),
            body=response.content,
        )
        remember([recent_response])

    async def close(self) -> None:
        """Let go of files and connections."""
        self.admission.close()
        self.ledger.close()
        await self.connection.close()


def open_session(
    vendor: str,
    connection: Connection,
    *,
    limits: tuple[Sequence[Budget], Sequence[Quota]],
    records: Records,
    clock: Callable[[], datetime],
    state_folder: Path | None,
) -> Session:
    """Open what a client needs; everything as of ``VendorClient``.

    Raises
    ------
    StorageError
        If the state folder cannot be used.
    """
    account = connection.account(state_folder or records.folder)
    with ExitStack() as opened:
        ledger = opened.enter_context(records.ledger())
        breaker = Breaker(
            f"{vendor} {connection.base_url}",
            patience_seconds=connection.timeout_seconds,
            journal=records.journal,
            clock=clock,
            state_folder=state_folder,
        )
        opened.callback(breaker.close)
        admission = Admission(
            vendor,
            account,
            limits=limits,
            ledger=ledger,
            breaker=breaker,
            journal=records.journal,
            clock=clock,
            state_folder=state_folder,
        )
        opened.pop_all()  # from here on the session closes them
    return Session(
        vendor=vendor,
        account=account,
        ledger=ledger,
        connection=connection,
        admission=admission,
        records=records,
        clock=clock,
    )
