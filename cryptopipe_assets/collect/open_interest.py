"""Open interest: from the exchanges one by one, or Coinalyze for all of them."""

from collections import Counter
from collections.abc import Collection, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.vendors.binance.open_interest import collect_open_interest
from cryptopipe_assets.vendors.bybit.client import Bybit
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.okx.client import Okx
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured

BYBIT_REACH = timedelta(days=200)
"""How far back Bybit is used: two pages of history and two of mark prices per eight days."""


@dataclass(frozen=True)
class Gathered:
    """Rows of ``OPEN_INTEREST_SCHEMA`` and their ``source``, when, and what the requests cost."""

    rows: pl.DataFrame
    at: datetime
    counts: Mapping[str, int]


async def from_exchanges(
    vendors: VendorClients, symbols: Mapping[str, str], *, coins: Sequence[str], days: list[date]
) -> Gathered:
    """Collect from exchanges: the past of Binance and Bybit, the present of OKX and Hyperliquid.

    Parameters
    ----------
    symbols
        Binance's symbol to the canonical one.
    coins
        Coins whose contracts are wanted at the other venues.
    days
        Ascending, without a gap.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    async with AsyncExitStack() as stack:
        binance = await stack.enter_async_context(vendors.binance())
        archive = await stack.enter_async_context(vendors.binance_archive())
        bybit = await stack.enter_async_context(vendors.bybit())
        okx = await stack.enter_async_context(vendors.okx())
        hyperliquid = await stack.enter_async_context(vendors.hyperliquid())
        now = await binance.server_time()
        start, end = midnight(days[0]), min(midnight(days[-1]) + DAY, now)
        requests: dict[str, Coroutine[Any, Any, Measured]] = {
            binance.vendor: collect_open_interest(
                binance, archive, symbols, start=start, end=end, now=now
            )
        }
        if (since := max(start, midnight((now - BYBIT_REACH).date()))) < end:
            requests[bybit.vendor] = _of_bybit(bybit, coins, start=since, end=end)
        if now.date() in days:
            requests[okx.vendor] = _of_okx(okx)
            requests[hyperliquid.vendor] = hyperliquid.open_interest_now()
        responses = dict(zip(requests, await all_or_nothing(requests.values()), strict=True))
        clients = (binance, archive, bybit, okx, hyperliquid)
        counts = Counter({f"api_calls/{each.vendor}": 0 for each in clients})
        for client in clients:
            counts[f"api_calls/{client.vendor}"] += sum(client.calls.values())
    return _gathered(responses, coins, days, now=now, counts=counts)


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


async def _of_bybit(
    bybit: Bybit, coins: Sequence[str], *, start: datetime, end: datetime
) -> Measured:
    listed = await bybit.contracts()
    wanted = {name: each for name, each in listed.items() if each.coin in coins}
    return await bybit.open_interest(wanted, start=start, end=end)


async def _of_okx(okx: Okx) -> Measured:
    return await okx.open_interest_now(await okx.contracts())


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
