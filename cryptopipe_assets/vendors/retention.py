"""What vendors delete, and when: facts of their documentation, for the expiry in the status.

A row that was not collected before its vendor deletes it is lost for good, or has to be fetched
from somewhere that is named here.
"""

from dataclasses import dataclass
from datetime import timedelta

NOW_ONLY = timedelta(0)
"""The vendor gives the present only: a step that is not collected in time is lost."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long a vendor keeps what a table is collected from.

    Attributes
    ----------
    table
        Table that is filled from it.
    source
        Name of the source in ``[sources]`` of cryptopipe.toml; None if the table has no choice.
    vendor
        Who deletes.
    dataset
        The vendor's own name of it.
    keeps
        How far back its history goes. ``NOW_ONLY`` for the present; None if nothing is deleted.
    plans
        Plans of the vendor's key for which this holds; empty for all.
    afterwards
        Where an older row can still be had; empty if nowhere.
    """

    table: str
    source: str | None
    vendor: str
    dataset: str
    keeps: timedelta | None
    plans: tuple[str, ...] = ()
    afterwards: str = ""


RETENTIONS: tuple[Retention, ...] = (
    Retention(
        table="instruments",
        source=None,
        vendor="binance",
        dataset="exchangeInfo",
        keeps=None,
    ),
    Retention(
        table="ohlcv_1m",
        source=None,
        vendor="binance",
        dataset="klines",
        keeps=None,
    ),
    Retention(
        table="funding_rate",
        source=None,
        vendor="binance",
        dataset="fundingRate",
        keeps=None,
    ),
    Retention(
        table="open_interest",
        source="exchanges",
        vendor="binance",
        dataset="openInterestHist",
        # "Latest 1 month"; 28 days were served when requested on a 20 March.
        keeps=timedelta(days=28),
        afterwards="the archive's metrics files",
    ),
    Retention(
        table="open_interest",
        source="exchanges",
        vendor="bybit",
        dataset="open-interest",
        keeps=None,
    ),
    Retention(
        table="open_interest",
        source="exchanges",
        vendor="okx",
        dataset="open-interest",
        keeps=NOW_ONLY,
    ),
    Retention(
        table="open_interest",
        source="exchanges",
        vendor="hyperliquid",
        dataset="metaAndAssetCtxs",
        keeps=NOW_ONLY,
    ),
    Retention(
        table="open_interest",
        source="coinalyze",
        vendor="coinalyze",
        dataset="open-interest-history",
        # 1500 to 2000 points an interval, the older ones deleted daily.
        keeps=timedelta(hours=1500),
        afterwards="the same vendor's daily values",
    ),
    Retention(
        table="market_cap",
        source="coingecko",
        vendor="coingecko",
        dataset="market_chart",
        keeps=timedelta(days=365),
        plans=("none", "demo"),
        afterwards="a paid plan",
    ),
    Retention(
        table="market_cap",
        source="coinmarketcap",
        vendor="coinmarketcap",
        dataset="listings/latest",
        keeps=NOW_ONLY,
        afterwards="a paid plan",
    ),
)


def retentions(table: str, source: str | None, plan: str | None) -> list[Retention]:
    """What is deleted of a table's origin.

    Parameters
    ----------
    source
        The source that is used; None where the table has no choice.
    plan
        Plan of the key at the vendor that has plans; None is taken for no plan.
    """
    return [
        each
        for each in RETENTIONS
        if each.table == table
        and each.source in (None, source)
        and (not each.plans or (plan or "none") in each.plans)
    ]
