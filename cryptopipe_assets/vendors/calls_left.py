"""What is left of each allowance now: for people, and for whoever decides to send more requests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from cryptopipe_assets.vendors.allowances import Allowance
from cryptopipe_assets.vendors.http.account import ADDRESS
from cryptopipe_assets.vendors.http.call_ledger import read_spending
from cryptopipe_assets.vendors.http.quota import Period, begun, renewed
from cryptopipe_assets.vendors.http.rate_limit import spent_now


@dataclass(frozen=True, kw_only=True)
class CallsLeft:
    """One allowance and what is spent of it.

    Attributes
    ----------
    allowance
        Vendor, family, window, the vendor's limit and our share of it.
    account
        ``address``, or what stands for a key.
    used
        Units spent in the window.
    renewed_at
        When a day or month begins anew; null for a rolling window.
    """

    allowance: Allowance
    account: str
    used: int
    renewed_at: datetime | None

    @property
    def left(self) -> int:
        """Units that we may still spend of our share."""
        return max(0, self.allowance.planned - self.used)


def calls_left(
    allowances: Iterable[Allowance],
    *,
    folder: Path,
    accounts: Mapping[str, str],
    now: datetime,
) -> list[CallsLeft]:
    """Return what is left of each allowance, in their order.

    Parameters
    ----------
    folder
        The state folder: its ledger counts days and months, its budgets the short windows. Where
        neither is kept, nothing was used.
    accounts
        Who each vendor takes us for; ``address`` if it is not among them.

    Raises
    ------
    StorageError
    """
    spent = read_spending(folder, since=begun("month", now))
    return [
        _left(each, accounts.get(each.vendor, ADDRESS), spent, folder=folder, now=now)
        for each in allowances
    ]


def _left(
    allowance: Allowance, account: str, spent: pl.DataFrame, *, folder: Path, now: datetime
) -> CallsLeft:
    if allowance.window == "day" or allowance.window == "month":
        used = _used(spent, allowance, account, since=allowance.window, now=now)
        renewal = renewed(allowance.window, now)
    else:
        used = spent_now(folder, allowance.vendor, allowance.budget(), account=account, now=now)
        renewal = None
    return CallsLeft(allowance=allowance, account=account, used=used, renewed_at=renewal)


def _used(
    spent: pl.DataFrame, allowance: Allowance, account: str, *, since: Period, now: datetime
) -> int:
    own = spent.filter(
        pl.col("day") >= begun(since, now),
        vendor=allowance.vendor,
        family=allowance.family,
        account=account,
    )
    return int(own["units"].sum())
