"""Open interest: from the exchanges one by one, or Coinalyze for all of them."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.protocols import OffersOpenInterest, TellsTime, Venue, Wanted


@dataclass(frozen=True)
class Gathered:
    """Rows of ``OPEN_INTEREST_SCHEMA`` and their ``source``, when, and what the requests cost."""

    rows: pl.DataFrame
    at: datetime
    counts: Mapping[str, int]


async def from_exchanges(
    vendors: VendorClients,
    contracts: Mapping[str, Mapping[str, str]],
    *,
    coins: Sequence[str],
    days: list[date],
) -> Gathered:
    """Ask every exchange that offers open interest, each as far back as it tells.

    Parameters
    ----------
    contracts
        Venue to its symbol of a contract to the canonical one, as the registry has them.
    coins
        Coins whose contracts are wanted.
    days
        Ascending, without a gap.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    async with AsyncExitStack() as stack:
        venues = vendors.offering(OffersOpenInterest, OpenInterest.table_name(), "exchanges")
        for each in venues:
            await stack.enter_async_context(each)
        now = await present(venues, vendors.clock)
        answers = await all_or_nothing(
            each.hourly_open_interest(
                Wanted(
                    coins=frozenset(coins),
                    contracts=contracts.get(each.vendor, {}),
                    days=tuple(days),
                    now=now,
                )
            )
            for each in venues
        )
        counts = Counter(
            {
                f"api_calls/{part.vendor}": sum(part.calls.values())
                for each in venues
                for part in each.parts
            }
        )
    measured = {each.vendor: found for each, found in zip(venues, answers, strict=True)}
    return _gathered(measured, coins, days, now=now, counts=counts)


async def present(venues: Sequence[Venue], clock: Callable[[], datetime]) -> datetime:
    """The time of the first venue that tells it; ours, if none does."""
    for each in venues:
        if isinstance(each, TellsTime):
            return await each.server_time()
    return clock()


async def from_coinalyze(
    vendors: VendorClients,
    coins: Sequence[str],
    days: list[date],
    *,
    known: Collection[tuple[str, str]],
) -> Gathered:
    """Collect from Coinalyze every perpetual contract of the coins.

    Hour by hour as far back as it keeps hours; of days before that for the close, which is the
    value of the day's last hour.

    Parameters
    ----------
    days
        Ascending, without a gap.
    known
        Contracts (venue, symbol) of which there are values already: these may not be missing from
        the hours. Others may be younger than the days.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    now = vendors.clock()
    oldest = now - vendors.horizon.coinalyze_hours
    by_day = [day for day in days if midnight(day) < oldest]
    by_hour = days[len(by_day) :]
    async with vendors.coinalyze() as coinalyze:
        listed = await coinalyze.markets()
        wanted = listed.filter(
            pl.col("coin").is_in(coins),
            "is_perpetual",
            pl.col("symbol").is_not_null() & pl.col("margin_type").is_not_null(),
        )
        may_miss = [
            vendor_symbol
            for vendor_symbol, *name in wanted.select("vendor_symbol", "venue", "symbol").rows()
            if tuple(name) not in known
        ]
        parts = [OPEN_INTEREST_SCHEMA.to_frame()]
        if by_day:
            start, end = midnight(by_day[0]), midnight(by_day[-1]) + DAY
            parts.append(
                await coinalyze.open_interest(
                    wanted,
                    start=start,
                    end=end,
                    interval="daily",
                    # Any of them may be younger than these days; what is stored stays.
                    allow_missing=wanted["vendor_symbol"].to_list(),
                )
            )
        if by_hour:
            start, end = midnight(by_hour[0]), midnight(by_hour[-1]) + DAY
            parts.append(
                await coinalyze.open_interest(wanted, start=start, end=end, allow_missing=may_miss)
            )
        rows = pl.concat(parts)
        counts = Counter(
            {
                f"api_calls/{coinalyze.vendor}": sum(coinalyze.calls.values()),
                "contracts_asked": wanted.height,
                "contracts_without_values": wanted.height
                - rows.select(pl.struct("venue", "symbol").n_unique()).item(),
            }
        )
    return _gathered({coinalyze.vendor: Measured(rows)}, coins, days, now=now, counts=counts)


def _gathered(
    responses: Mapping[str, Measured],
    coins: Sequence[str],
    days: list[date],
    *,
    now: datetime,
    counts: Counter[str],
) -> Gathered:
    """Keep what was requested: a snapshot has every coin, and may be of the hour before."""
    frames = [OPEN_INTEREST_SCHEMA.to_frame().with_columns(source=pl.lit(""))]
    for source, response in responses.items():
        frames.append(response.frame.with_columns(source=pl.lit(source)))
        counts.update({f"left_out/{source}/{why}": n for why, n in response.left_out.items()})
    every = pl.concat(frames).filter(pl.col("coin").is_in(coins))
    rows = every.filter(pl.col("ts").dt.date().is_in(days))
    counts["rows_of_other_days"] += every.height - rows.height
    return Gathered(rows.sort("symbol", "ts", "venue"), now, counts)
