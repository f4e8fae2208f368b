"""Every limit that a vendor sets and we keep: per vendor, account, family and window.

Made from the vendors' terms and cryptopipe.toml: clients take their budgets and quotas from here,
and so do the forecast and the status.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptopipe_assets.vendors.catalog import VENDORS, Vendors
from cryptopipe_assets.vendors.http.limits import SECONDS, Window
from cryptopipe_assets.vendors.http.quota import Quota
from cryptopipe_assets.vendors.http.rate_limit import Budget


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a vendor allows one account in a window, and how much of it we plan to use.

    Attributes
    ----------
    vendor, family
        Which requests share it, e.g. binance and ``weight``.
    window
        How long it lasts: a rolling window of seconds or minutes, or a calendar day or month.
    limit, planned
        Units the vendor allows, and our share of them.
    counts
        Family of the costs that are held against it; that of its own name, if empty.
    """

    vendor: str
    family: str
    window: Window
    limit: int
    planned: int
    counts: str = ""

    @property
    def is_rolling(self) -> bool:
        """Whether the window is short enough to wait for room in it."""
        return self.window not in ("day", "month")

    def budget(self) -> Budget:
        """The allowance as what holds requests back."""
        return Budget(family=self.family, units=self.planned, per_seconds=SECONDS[self.window])


def allowances(limits: Vendors, plans: Mapping[str, str] | None = None) -> tuple[Allowance, ...]:
    """Return all allowances, by vendor and family, short windows first.

    Parameters
    ----------
    plans
        Vendor to the plan that its key is of; without a key where it is not said.
    """
    found = []
    for name, terms in VENDORS.items():
        own = limits.of(name)
        plan = (plans or {}).get(name) or (terms.key.plan_of(None, None) if terms.key else "")
        found += [
            Allowance(
                vendor=name,
                family=each.family,
                window=each.window,
                limit=each.units,
                planned=own.planned(each.units),
                counts=each.counts,
            )
            for each in terms.rates(own, plan)
        ]
    return tuple(found)


def budgets_of(vendor: str, among: Iterable[Allowance]) -> tuple[Budget, ...]:
    """Return a vendor's limits of short windows."""
    return tuple(each.budget() for each in among if each.vendor == vendor and each.is_rolling)


def quotas_of(vendor: str, among: Iterable[Allowance]) -> tuple[Quota, ...]:
    """Return a vendor's limits of days and months."""
    return tuple(
        Quota(family=each.family, units=each.planned, per=each.window)
        for each in among
        if each.vendor == vendor and (each.window == "day" or each.window == "month")
    )
