"""Open interest: from the exchanges one by one, or Coinalyze for all of them."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.core.errors import VendorError, VendorUnavailable
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.tables.collected.open_interest import OpenInterest
from cryptopipe_assets.vendors.http.gather import all_or_nothing
from cryptopipe_assets.vendors.parsing.instruments import PASSED_OVER_SCHEMA, Passed
from cryptopipe_assets.vendors.parsing.one_by_one import Failure
from cryptopipe_assets.vendors.parsing.open_interest import OPEN_INTEREST_SCHEMA, Measured
from cryptopipe_assets.vendors.protocols import OffersOpenInterest, TellsTime, Venue, Wanted

PERPETUAL = "PERPETUAL"
"""The registry's type of a contract of a coin."""

PASSED_OVER = pl.Schema({"venue": pl.String(), **PASSED_OVER_SCHEMA})
"""Contracts that are passed over, and who lists them."""


@dataclass(frozen=True)
class Gathered:
    """Open interest of all venues.

    Attributes
    ----------
    rows
        ``OPEN_INTEREST_SCHEMA`` and their ``source``.
    at
        The present.
    counts
        What the requests cost, and what was left out.
    venues_failed
        Venue to why nothing came of it this time.
    contracts_failed
        ``venue contract`` of the coins to why its rows are missing.
    disagreements
        Where a venue's two ways contradict each other.
    told
        Venue to what its ways said of days that did not come whole, ``TOLD``.
    passed_over
        ``PASSED_OVER``: what is listed and not collected, with the reason.
    """

    rows: pl.DataFrame
    at: datetime
    counts: Mapping[str, int]
    venues_failed: Mapping[str, str] = field(default_factory=dict)
    contracts_failed: Mapping[str, str] = field(default_factory=dict)
    disagreements: Sequence[str] = ()
    told: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    passed_over: pl.DataFrame = field(default_factory=PASSED_OVER.to_frame)


async def from_exchanges(
    vendors: VendorClients,
    contracts: Mapping[str, Mapping[str, str]],
    *,
    coins: Sequence[str],
    days: list[date],
) -> Gathered:
    """Ask every exchange that offers open interest, each as far back as it tells.

    An exchange that fails takes no other one down: it is named, and asked again the next time.

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
        Of the first venue that failed, if no other one had anything.
    """
    async with AsyncExitStack() as stack:
        venues = vendors.offering(OffersOpenInterest, OpenInterest.table_name(), "exchanges")
        for each in venues:
            await stack.enter_async_context(each)
        now = await present(venues, vendors.clock)
        answers = await all_or_nothing(
            _or_error(
                each.hourly_open_interest(
                    Wanted(
                        coins=frozenset(coins),
                        contracts=contracts.get(each.vendor, {}),
                        days=tuple(days),
                        now=now,
                    )
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
    came = {each.vendor: found for each, found in zip(venues, answers, strict=True)}
    errors = {venue: found for venue, found in came.items() if isinstance(found, VendorError)}
    measured = {venue: found for venue, found in came.items() if isinstance(found, Measured)}
    # A venue that tells the present only has nothing to say of the past, which is no answer.
    if errors and all(found.frame.is_empty() for found in measured.values()):
        raise next(iter(errors.values()))
    for venue, error in errors.items():
        counts[f"{venue}/failed"] += 1
        note = f"{OpenInterest.table_name()}: {error}. The other exchanges go on"
        vendors.records.journal.note("fallback", note)
    gathered = _gathered(measured, coins, days, now=now, counts=counts)
    return replace(
        gathered,
        venues_failed={venue: str(e) for venue, e in errors.items()},
        disagreements=[
            f"{venue}: {each}" for venue, found in measured.items() for each in found.disagreements
        ],
        told={venue: found.told for venue, found in measured.items()},
    )


async def _or_error(response: Awaitable[Measured]) -> Measured | VendorError:
    try:
        return await response
    except VendorError as exc:
        return exc


async def present(venues: Sequence[Venue], clock: Callable[[], datetime]) -> datetime:
    """The time of the first venue that tells it; ours, if none does.

    A venue that cannot be asked for the time will fail by itself when it is asked for more.
    """
    for each in venues:
        if isinstance(each, TellsTime):
            try:
                return await each.server_time()
            except VendorError:
                continue
    return clock()


async def from_coinalyze(
    vendors: VendorClients,
    coins: Sequence[str],
    days: list[date],
    *,
    known: Collection[tuple[str, str]],
    registry: pl.DataFrame,
) -> Gathered:
    """Collect from Coinalyze every perpetual contract of the coins.

    Hour by hour as far back as it keeps hours; of days before that for the close, which is the
    value of the day's last hour.

    Parameters
    ----------
    days
        Ascending, without a gap.
    known
        Contracts (venue, symbol) of which there are values already: one that is missing from the
        hours failed, and is named. Others may be younger than the days.
    registry
        Newest version of every instrument: Coinalyze does not say that a contract is of a stock,
        its venue does.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    now = vendors.clock()
    oldest = now - vendors.horizon.coinalyze_hours
    by_day = [day for day in days if midnight(day) < oldest]
    by_hour = days[len(by_day) :]
    async with vendors.coinalyze() as coinalyze:
        listing = await coinalyze.listing()
        listed = listing.frame
        wanted = listed.filter(
            pl.col("coin").is_in(coins),
            "is_perpetual",
            pl.col("symbol").is_not_null() & pl.col("margin_type").is_not_null(),
        )
        wanted, of_no_coin = of_coins(wanted, registry)
        every = wanted["vendor_symbol"].to_list()
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
                    allow_missing=every,
                )
            )
        lacking: dict[str, Failure] = {}
        if by_hour:
            start, end = midnight(by_hour[0]), midnight(by_hour[-1]) + DAY
            hours = await coinalyze.open_interest(wanted, start=start, end=end, allow_missing=every)
            lacking = _missing(wanted, hours, known)
            if lacking and hours.is_empty():
                raise VendorUnavailable(
                    coinalyze.vendor,
                    f"not one value of the {len(lacking)} contracts that it had before, "
                    f"{min(lacking)} among them; nothing was written. Run again later",
                )
            parts.append(hours)
        rows = pl.concat(parts)
        counts = Counter(
            {
                f"api_calls/{coinalyze.vendor}": sum(coinalyze.calls.values()),
                "contracts_asked": wanted.height,
                "contracts_without_values": wanted.height
                - rows.select(pl.struct("venue", "symbol").n_unique()).item(),
            }
        )
    passed = (*listing.passed_over, *of_no_coin)
    failed = {**listing.failed, **lacking}
    measured = Measured(rows, listing.left_out, failed, passed_over=passed)
    counts["contracts_of_no_coin"] += len(of_no_coin)
    return _gathered({coinalyze.vendor: measured}, coins, days, now=now, counts=counts)


def _missing(
    wanted: pl.DataFrame, hours: pl.DataFrame, known: Collection[tuple[str, str]]
) -> dict[str, Failure]:
    """Contracts of which there were values before and are none now, by the vendor's name."""
    came = {*hours.select("venue", "symbol").unique().iter_rows()}
    lacking = [
        (vendor_symbol, coin)
        for vendor_symbol, coin, *name in wanted.filter("has_data")
        .select("vendor_symbol", "coin", "venue", "symbol")
        .iter_rows()
        if tuple(name) in known and tuple(name) not in came
    ]
    why = "it had values before, and the response has none of these hours"
    return {name: Failure(coin, why) for name, coin in sorted(lacking)}


def of_coins(
    markets: pl.DataFrame, registry: pl.DataFrame
) -> tuple[pl.DataFrame, tuple[Passed, ...]]:
    """Markets without those that their venue lists as no coin's contract, and these.

    Parameters
    ----------
    markets
        vendor_symbol, venue, symbol and any other columns.
    registry
        venue, symbol and contract_type of the newest version of every instrument.
    """
    others = registry.filter(pl.col("contract_type") != PERPETUAL).select(
        "venue", "symbol", "contract_type"
    )
    passed = tuple(
        (name, symbol, f"{venue} lists it as no coin's contract ({kind})", True)
        for name, venue, symbol, kind in markets.join(others, on=["venue", "symbol"])
        .select("vendor_symbol", "venue", "symbol", "contract_type")
        .sort("vendor_symbol")
        .iter_rows()
    )
    kept = markets.join(others, on=["venue", "symbol"], how="anti", maintain_order="left")
    return kept, passed


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
    failed: dict[str, str] = {}
    passed: list[tuple[object, ...]] = []
    for source, response in responses.items():
        passed += [(source, *each) for each in response.passed_over]
        failed |= {
            f"{source} {name}": reason
            for name, (coin, reason) in response.failed.items()
            if coin in coins
        }
        frames.append(response.frame.with_columns(source=pl.lit(source)))
        counts.update({f"left_out/{source}/{why}": n for why, n in response.left_out.items()})
    every = pl.concat(frames).filter(pl.col("coin").is_in(coins))
    rows = every.filter(pl.col("ts").dt.date().is_in(days))
    counts["rows_of_other_days"] += every.height - rows.height
    return Gathered(
        rows.sort("symbol", "ts", "venue"),
        now,
        counts,
        contracts_failed=failed,
        passed_over=pl.DataFrame(passed, schema=PASSED_OVER, orient="row").unique(
            maintain_order=True
        ),
    )
