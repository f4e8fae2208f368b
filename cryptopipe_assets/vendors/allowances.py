"""Every limit that a vendor sets and we keep: per vendor, account, family and window.

The one list of them: clients take their budgets and quotas from here, and so do the forecast and
the status. What the vendors allow is stated in ``limits`` and in cryptopipe.toml.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cryptopipe_assets.vendors.coingecko.plans import TERMS, Plan
from cryptopipe_assets.vendors.http.limits import Vendors
from cryptopipe_assets.vendors.http.quota import Quota
from cryptopipe_assets.vendors.http.rate_limit import Budget

Window = Literal["second", "2 s", "5 s", "minute", "5 min", "day", "month"]
SECONDS: dict[Window, float] = {
    "second": 1,
    "2 s": 2,
    "5 s": 5,
    "minute": 60,
    "5 min": 300,
    "day": 86_400,
    "month": 30 * 86_400,
}


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
    """

    vendor: str
    family: str
    window: Window
    limit: int
    planned: int

    @property
    def is_rolling(self) -> bool:
        """Whether the window is short enough to wait for room in it."""
        return self.window not in ("day", "month")

    def budget(self) -> Budget:
        """The allowance as what holds requests back."""
        return Budget(family=self.family, units=self.planned, per_seconds=SECONDS[self.window])


def allowances(limits: Vendors, coingecko_plan: Plan = "none") -> tuple[Allowance, ...]:
    """Return all allowances, by vendor and family, short windows first."""
    binance, metered = limits.binance, limits.coinmarketcap
    rows: list[tuple[str, str, Window, int | None, float]] = [
        ("binance", "weight", "minute", binance.weight_per_minute, binance.share),
        ("binance", "funding", "5 min", binance.funding_calls_per_5_minutes, binance.share),
        ("binance", "futures_data", "5 min", binance.statistics_calls_per_5_minutes, binance.share),
        ("bybit", "requests", "5 s", limits.bybit.calls_per_5_seconds, limits.bybit.share),
        ("okx", "public", "2 s", limits.okx.calls_per_2_seconds, limits.okx.share),
        ("hyperliquid", "weight", "minute", limits.hyperliquid.weight_per_minute,
         limits.hyperliquid.share),
        ("coinalyze", "symbols", "minute", limits.coinalyze.symbols_per_minute,
         limits.coinalyze.share),
        ("coinbase", "public", "second", limits.coinbase.calls_per_second, limits.coinbase.share),
        ("coinmarketcap", "calls", "minute", metered.calls_per_minute, metered.share),
        ("coinmarketcap", "credits", "day", metered.credits_per_day, metered.share),
        ("coinmarketcap", "credits", "month", metered.credits_per_month, metered.share),
    ]  # fmt: skip
    terms, own = TERMS[coingecko_plan], limits.coingecko
    family = f"calls-{coingecko_plan}"
    per_month = None if terms.calls_per_month is None else own.calls_per_month
    rows += [
        ("coingecko", family, "minute", terms.calls_per_minute, own.share),
        ("coingecko", family, "month", per_month or terms.calls_per_month, own.share),
    ]
    return tuple(
        Allowance(
            vendor=vendor,
            family=family,
            window=window,
            limit=limit,
            planned=max(1, int(limit * share)),
        )
        for vendor, family, window, limit, share in rows
        if limit is not None
    )


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
