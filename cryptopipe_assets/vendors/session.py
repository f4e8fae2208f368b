"""What a client has while it is open: the wire, the leave to use it, the books."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptopipe_assets.vendors.connection import Connection
from cryptopipe_assets.vendors.leave import Leave
from cryptopipe_assets.vendors.ledger import Ledger
from cryptopipe_assets.vendors.records import Records


@dataclass(frozen=True, kw_only=True)
class Session:
    """One vendor, asked by one account.

    Attributes
    ----------
    account
        Who the vendor takes us for: ``address``, or what stands for a key.
    """

    vendor: str
    account: str
    ledger: Ledger
    connection: Connection
    leave: Leave
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

    async def close(self) -> None:
        """Let go of files and connections."""
        self.leave.close()
        self.ledger.close()
        await self.connection.close()
