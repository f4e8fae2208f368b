"""Quotas: what a vendor allows in a whole day or month, counted in the call ledger.

Days and months are those of UTC. Most vendors renew a month on a day that only the account knows;
then a calendar month of ours may overlap two of theirs, and the vendor's own refusal decides.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from cryptopipe_assets.vendors.http.call_ledger import Ledger
from cryptopipe_assets.vendors.http.responses import Banned

Period = Literal["day", "month"]
PERIODIC: dict[Period, str] = {"day": "daily", "month": "monthly"}
WHAT_TO_DO = (
    "collect less often (tiers in cryptopipe.toml), upgrade the plan and raise the limit in "
    "cryptopipe.toml, or put another source first; see `cryptopipe budget`"
)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """At most ``units`` of a family in a calendar day or month.

    Parameters
    ----------
    family
        Under which name the ledger counts them.
    units
        What we plan to spend at most: our share of what the vendor allows.
    per
        The period.
    """

    family: str
    units: int
    per: Period


class QuotaUsedUp(Banned):
    """What we plan to spend in a day or month is spent; the request was not sent."""

    def __init__(self, quota: Quota, *, spent: int, now: datetime) -> None:
        super().__init__(renewed(quota.per, now), f"{PERIODIC[quota.per]} quota used up")
        self.args = (
            f"{self.why} ({spent:,} of {quota.units:,} {quota.family} that we plan for), renews "
            f"{self.until:%d %b %Y} UTC. What to do: {WHAT_TO_DO}",
        )


def begun(per: Period, now: datetime) -> date:
    """First day of the period that ``now`` is in, UTC."""
    today = now.astimezone(UTC).date()
    return today if per == "day" else today.replace(day=1)


def renewed(per: Period, now: datetime) -> datetime:
    """When the next period begins, UTC."""
    first = begun(per, now)
    if per == "day":
        following = first + timedelta(days=1)
    else:
        following = (first + timedelta(days=31)).replace(day=1)
    return datetime(following.year, following.month, following.day, tzinfo=UTC)


def require(
    quota: Quota, ledger: Ledger, *, vendor: str, account: str, cost: int, now: datetime
) -> None:
    """Return if ``cost`` more units fit into the quota.

    Raises
    ------
    QuotaUsedUp
    """
    spent = ledger.spent(vendor, account, quota.family, since=begun(quota.per, now))
    if spent + cost > quota.units:
        raise QuotaUsedUp(quota, spent=spent, now=now)
