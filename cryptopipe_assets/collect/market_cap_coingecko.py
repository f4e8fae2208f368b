"""Market caps from CoinGecko: closes that are missing, and coins as they are now."""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.market_cap import Gathered, one_each
from cryptopipe_assets.core.errors import RequestError, VendorRejected
from cryptopipe_assets.vendors.coingecko.client import CoinGecko
from cryptopipe_assets.vendors.coingecko.parsing import DAILY_ABOVE_DAYS, coin_id
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.market_cap import MARKET_CAP_SCHEMA

PAGES = 4
"""How far down CoinGecko's list of 250 coins a page a followed coin is looked for."""

YEAR_DAYS = 365
"""What CoinGecko gives of the past without a paid plan."""


async def from_coingecko(
    vendors: VendorClients,
    coins: Sequence[str],
    days: list[date],
    *,
    stored: pl.DataFrame,
    known: Mapping[str, str] | None = None,
) -> Gathered:
    """Request the daily points of the followed coins on past days, and for coins as they are now.

    A past day has the point of its 00:00, which is the close of the day before; supplies and
    ranks of the past are not given and stay null. Requested together with a past day, today has its
    own. The list of the largest coins is requested once a day: it names the ids of the followed
    coins, which are one call ever after.

    Parameters
    ----------
    stored
        Rows of this vendor that there are of the days and of today. A coin that has its 00:00 of
        every day is not requested again.
    known
        Ticker to the vendor's id, where it is known which of several coins is meant; it is then
        requested by its id, however small it is.

    Raises
    ------
    RequestError
        If a day is older than what the plan gives.
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    now = vendors.clock()
    known = {coin: slug for coin, slug in (known or {}).items() if coin in coins}
    today = stored.filter(pl.col("ts").dt.date() == now.date())
    listed = listed_already(today, coins, known)
    charted = vendors.horizon.charted if days[0] < now.date() else None
    async with vendors.coingecko() as coingecko:
        if charted is not None:
            known, listed = {}, _charted(charted)
            present = listed.clear()
        elif listed is None:
            present = listed = await _largest(coingecko, coins, known)
        elif now.date() in days:
            slugs = ids_of(listed, coins, known)["slug"].to_list()
            present = await coingecko.markets(slugs)
        else:
            present = listed.clear()
        if small := sorted(set(known.values()) - set(_slugs(listed))):
            others = await coingecko.markets(small, allow_missing=small)
            listed, present = pl.concat([listed, others]), pl.concat([present, others])
        ids, refused = ids_of(listed, coins, known), list[str]()
        parts = [MARKET_CAP_SCHEMA.to_frame()]
        if days[0] < now.date():
            reach = (now.date() - days[0]).days + 1
            wanted = lacking(ids, stored, days)
            charts, refused = await _charts(
                coingecko, wanted, days=max(reach, DAILY_ABOVE_DAYS + 1)
            )
            for why in refused:
                vendors.records.journal.note("fallback", f"market_cap: {why}. The others go on")
            parts.append(charts.filter(pl.col("ts").dt.date().is_in(days)))
        snapshot = present.filter(pl.col("ts").dt.date() == now.date())
        if now.date() in days:
            parts.append(snapshot)
        named = {coin for coin, slug in known.items() if slug in set(ids["slug"])}
        counts = {
            "api_calls": sum(coingecko.calls.values()),
            "coins_listed": listed.height,
            "coins_not_updated_today": present.height - snapshot.height,
            "followed_coins_refused": len(refused),
            "followed_coins_not_listed": len(set(coins) - set(ids["coin"]) - named),
        }
        return Gathered(one_each(parts), coingecko.vendor, now, counts)


def listed_already(
    stored: pl.DataFrame, coins: Sequence[str], known: Mapping[str, str] | None = None
) -> pl.DataFrame | None:
    """Newest row of every coin that today's stored rows rank; null if nobody was listed yet.

    A list is known by coins that are not followed: nothing else requests those.
    """
    ranked = stored.filter(pl.col("rank").is_not_null())
    by_id = _slugs(ranked).is_in(list((known or {}).values()))
    if (ranked["coin"].is_in(coins) | by_id).all():
        return None
    return (
        ranked.sort("ts")
        .unique("coin_id", keep="last", maintain_order=True)
        .select(MARKET_CAP_SCHEMA.names())
        .sort("coin_id")
    )


async def _largest(
    coingecko: CoinGecko, coins: Sequence[str], known: Mapping[str, str]
) -> pl.DataFrame:
    """The largest 250 coins, or as many more as it takes to find the followed ones."""
    listed = await coingecko.markets(pages=1)
    if set(coins) - set(known) <= set(listed["coin"]):
        return listed
    return await coingecko.markets(pages=PAGES)


def lacking(ids: pl.DataFrame, stored: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """Rows of ``ids`` whose coin has not its 00:00 of each of the days among the stored rows."""
    day = pl.col("ts").dt.date()
    complete = (
        stored.filter(pl.col("ts") == pl.col("ts").dt.truncate("1d"), day.is_in(days))
        .group_by(slug=pl.col("coin_id").str.strip_prefix("coingecko:"))
        .agg(day.n_unique())
        .filter(pl.col("ts") == len(days))
    )
    return ids.join(complete, on="slug", how="anti")


def ids_of(
    listed: pl.DataFrame, coins: Sequence[str], known: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Name each coin as CoinGecko does: of those that share a ticker, the highest-ranked.

    A coin whose id is known is that one, whatever its ticker there, or nobody.

    Parameters
    ----------
    listed
        ``MARKET_CAP_SCHEMA``.
    coins
        Tickers.
    known
        Ticker to the id that it has.

    Returns
    -------
    DataFrame of coin, slug, name; sorted by coin. Tickers that are not listed have no row.
    """
    known = known or {}
    by_ticker = pl.col("coin").is_in([coin for coin in coins if coin not in known])
    by_id = pl.col("coin_id").is_in([f"coingecko:{slug}" for slug in known.values()])
    return (
        listed.filter(by_ticker | by_id)
        .sort("coin", ~by_id, "rank", "coin_id", nulls_last=True)
        .unique("coin", keep="first", maintain_order=True)
        .select("coin", pl.col("coin_id").str.strip_prefix("coingecko:").alias("slug"), "name")
    )


def _charted(ids: Mapping[str, tuple[str, str]]) -> pl.DataFrame:
    """Coins of which there are charts and no list of the present: nothing but who they are."""
    rows = [
        {"coin": coin, "coin_id": coin_id(slug), "name": name} for coin, (slug, name) in ids.items()
    ]
    return pl.DataFrame(rows, schema=MARKET_CAP_SCHEMA)


def _slugs(listed: pl.DataFrame) -> pl.Series:
    return listed["coin_id"].str.strip_prefix("coingecko:")


async def _charts(
    coingecko: CoinGecko, ids: pl.DataFrame, *, days: int
) -> tuple[pl.DataFrame, list[str]]:
    """Daily points of every coin, and why there are none of some.

    A coin that is refused takes no other one down; if every coin is, the request is wrong.
    """
    if days > YEAR_DAYS and coingecko.plan != "pro":
        raise RequestError(
            f"market_cap of {days - 1} days ago by coingecko: without a paid plan it gives "
            f"{YEAR_DAYS} days; request later days, or set CMC_API_KEY of a plan with history"
        )
    refused: list[VendorRejected] = []

    async def chart(coin: str, slug: str, name: str) -> pl.DataFrame:
        try:
            return await coingecko.market_chart(slug, days, coin=coin, name=name)
        except VendorRejected as exc:
            refused.append(exc)
            return MARKET_CAP_SCHEMA.to_frame()

    charts = await all_or_nothing(chart(*each) for each in ids.iter_rows())
    if refused and len(refused) == ids.height:
        raise refused[0]
    return pl.concat([MARKET_CAP_SCHEMA.to_frame(), *charts]), [str(each) for each in refused]
