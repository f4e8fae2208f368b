"""Funding from Coinalyze, of what Binance's settlements of USDT contracts do not cover."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.open_interest import of_coins
from cryptopipe_assets.core.contract_life import (
    lives_of,
    named_by_life,
    under_one_name,
    versions_by_life,
)
from cryptopipe_assets.core.errors import PayloadChanged, VendorError, VendorRejected
from cryptopipe_assets.core.schema import stamped
from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.quant.bars.funding import settlement_intervals
from cryptopipe_assets.tables.collected.funding_rate import FundingRate
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT
from cryptopipe_assets.vendors.binance.collect import Collected, collect_settlements
from cryptopipe_assets.vendors.protocols import OffersFunding, Wanted

FAILED = "failed/"
"""Begins the count of a contract that was refused, by its symbol."""

WITHOUT_INTERVAL = "without_interval/"
"""Begins the count of rows of a contract that were left out for want of an interval."""

DAILY_SOURCE = "coinalyze"
"""Gives the last settlement of a day only."""

INTERVAL_HOLDS = timedelta(days=7)
"""So long the interval of a contract's last settlement is taken for that of the next ones."""

MOST_REFUSED = 10
"""After so many refusals and nothing else it is the vendor that refuses, and no contract."""

VENUE_INTERVALS = {
    ("binance", "inverse"): 8,
    ("hyperliquid", "linear"): 1,
    ("dydx", "linear"): 1,
}
"""Hours between settlements, of venues and margin types where all contracts have the same.
Coinalyze gives rates per the contract's own interval and does not say which that is."""


async def of_other_contracts(
    vendors: VendorClients, coins: Sequence[str], days: Sequence[date], *, versions: pl.DataFrame
) -> tuple[pl.DataFrame, Counter[str]]:
    """Request the last rate of each ended day of the coins' perpetual contracts.

    Parameters
    ----------
    days
        Ascending, without a gap.
    versions
        As of ``with_intervals``: what a venue lists as no coin's contract is not asked for.

    Returns
    -------
    Coinalyze's daily bars (``ts`` opens the day, ``available_at`` is when it was over), and what
    asking cost.

    Raises
    ------
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    async with vendors.coinalyze() as coinalyze:
        listing = await coinalyze.listing()
        wanted = listing.frame.filter(
            pl.col("coin").is_in(coins), "is_perpetual", pl.col("symbol").is_not_null()
        )
        wanted, of_no_coin = of_coins(wanted, latest(versions, INSTRUMENT))
        bars = await coinalyze.funding_rates(
            wanted,
            start=midnight(days[0]),
            end=midnight(days[-1]) + DAY,
            # Any of them may be younger than these days; what is stored stays.
            allow_missing=wanted["vendor_symbol"].to_list(),
        )
    return bars, Counter(
        {
            "coinalyze/api_calls": sum(coinalyze.calls.values()),
            "coinalyze/contracts_of_no_coin": len(of_no_coin),
            **{f"coinalyze/{why}": n for why, n in listing.left_out.items()},
        }
    )


def at_their_settlements(
    bars: pl.DataFrame, *, versions: pl.DataFrame, settlements: pl.DataFrame, at: datetime
) -> tuple[pl.DataFrame, Counter[str]]:
    """Daily bars as the settlements with which their days ended, and what was left out.

    Coinalyze's daily bar closes at the rate that was settled last; its instant follows from the
    interval: that of all contracts of the venue; else that of the contract's newest settlement at
    the venue of the week before the day was over; else that which the venue had declared of the
    contract by then. Where none of them is known, rows are left out, and counted by contract. Known
    when the day is over.

    Parameters
    ----------
    bars
        As of ``of_other_contracts``.
    versions
        As of ``with_intervals``.
    settlements
        What the venues themselves settled: venue, symbol, available_at, interval_hours.
    at
        Becomes ``ingested_at``.

    Returns
    -------
    DataFrame of ts, available_at, venue, symbol, funding_rate, interval_hours, source and
    ingested_at; and the counts.
    """
    kinds = pl.DataFrame(
        [(*kind, hours) for kind, hours in VENUE_INTERVALS.items()],
        schema={"venue": pl.String, "margin_type": pl.String, "interval_hours": pl.Int64},
        orient="row",
    )
    contract = ["venue", "symbol"]
    lives = lives_of(versions.join(bars, on=contract, how="semi"))
    own = versions_by_life(versions.join(bars, on=contract, how="semi"), lives)
    declared = own.select(
        *contract, "available_at", declared=pl.col("funding_interval_hours")
    ).sort(*contract, "available_at")
    # A settlement is known when it took place, so that instant tells whose life it is of.
    known_in = settlements.lazy().with_columns(ts="available_at")
    settled = (
        named_by_life(known_in, lives)
        .filter(pl.col("interval_hours").is_not_null())
        .select(*contract, "available_at", settled="interval_hours")
        .sort(*contract, "available_at")
    )
    timed = (
        under_one_name(
            named_by_life(bars.lazy(), lives)
            .sort(*contract, "available_at", "ts")
            .join_asof(declared.lazy(), on="available_at", by=contract, check_sortedness=False)
            .join_asof(
                settled,
                on="available_at",
                by=contract,
                tolerance=INTERVAL_HOLDS,
                check_sortedness=False,
            ),
            lives,
        )
        .collect()
        .join(kinds, on=["venue", "margin_type"], how="left", maintain_order="left")
        .with_columns(
            interval_hours=pl.coalesce("interval_hours", "settled", "declared").cast(pl.Int64)
        )
    )
    known = timed.filter(pl.col("interval_hours").is_not_null()).sort(*contract, "ts")
    lost = timed.filter(pl.col("interval_hours").is_null())
    counts = Counter({"coinalyze/rows_without_interval": lost.height})
    for venue, symbol, rows in lost.group_by(contract).agg(pl.len()).sort(contract).iter_rows():
        counts[f"{WITHOUT_INTERVAL}{venue} {symbol}"] = rows
    return (
        known.with_columns(ts=pl.col("ts") + DAY - pl.duration(hours="interval_hours"))
        .select("ts", "available_at", *contract, "funding_rate", "interval_hours")
        .with_columns(source=pl.lit(DAILY_SOURCE), ingested_at=pl.lit(at).dt.cast_time_unit("ms")),
        counts,
    )


def only_where_nothing_else(rows: pl.DataFrame, settlements: pl.DataFrame) -> pl.DataFrame:
    """Rows of contracts and days of which there are no settlements from the venue itself."""
    day = pl.col("ts").dt.date().alias("day")
    own = settlements.select("venue", "symbol", day).unique()
    return rows.with_columns(day).join(own, on=own.columns, how="anti").drop("day")


def with_intervals(settlements: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Settlements as venues give them (``SETTLEMENT_SCHEMA``) with the interval of each.

    Of a contract that was closed and opened again each life has its own: neither the step from the
    last settlement of one to the first of the next, nor what was declared of the one, says anything
    of the other.

    Parameters
    ----------
    versions
        The registry of instruments, every version: what a venue declared of a contract, and when.
    """
    own = versions.join(settlements, on=["venue", "symbol"], how="semi")
    lives = lives_of(own)
    settled = named_by_life(settlements.lazy(), lives)
    found = settlement_intervals(settled, versions_by_life(own, lives).lazy())
    return under_one_name(found, lives).drop("declared_interval_hours").collect()


async def of_other_exchanges(
    vendors: VendorClients,
    our_venue: str,
    coins: Sequence[str],
    days: list[date],
    *,
    versions: pl.DataFrame,
) -> tuple[pl.DataFrame, Counter[str]]:
    """Settlements of the coins at every other exchange that offers them, and what asking cost.

    An exchange that fails takes no other one down; it is counted by name.

    Parameters
    ----------
    days
        Ascending, without a gap.
    versions
        As of ``with_intervals``.

    Returns
    -------
    DataFrame of ts, available_at, venue, symbol, funding_rate, interval_hours, source and
    ingested_at; and the cost.
    """
    now, spent = vendors.clock(), Counter[str]()
    frames = [FundingRate.empty_frame()]
    before = days[0] - DAY
    for each in vendors.offering(OffersFunding, FundingRate.table_name()):
        if each.vendor == our_venue:
            continue
        wanted = Wanted(coins=frozenset(coins), days=(before, *days), now=now)
        try:
            async with each as venue:
                found = await venue.funding_settlements(wanted)
        except VendorError as exc:
            spent[f"{each.vendor}/failed"] += 1
            vendors.records.journal.note("fallback", f"funding_rate: {exc}. The others go on")
            continue
        finally:
            calls = sum(sum(part.calls.values()) for part in each.parts)
            spent[f"{each.vendor}/api_calls"] += calls
        rows = with_intervals(found, versions)
        inside = rows.filter(pl.col("ts") >= midnight(days[0]))
        frames.append(stamped(inside, FundingRate, source=each.vendor, at=now))
    return pl.concat(frames), spent


@dataclass
class _Halving:
    """What came of contracts that are asked for in ever smaller halves, and what was refused."""

    ask: Callable[[Mapping[str, str]], Awaitable[Collected]]
    parts: list[Collected] = field(default_factory=list)
    refused: dict[str, VendorError] = field(default_factory=dict)

    async def collect(self, symbols: Mapping[str, str]) -> None:
        """Ask for all contracts at once; where one is refused, for each half of them by itself.

        Raises
        ------
        VendorUnavailable
        VendorRejected, PayloadChanged
            If so many are refused, and none is not, that it is not about single contracts.
        """
        try:
            self.parts.append(await self.ask(symbols))
        except (VendorRejected, PayloadChanged) as exc:
            names = list(symbols.items())
            if len(names) == 1:
                self.refused[names[0][1]] = exc
            else:
                for half in (names[: len(names) // 2], names[len(names) // 2 :]):
                    await self.collect(dict(half))
            if not self.parts and len(self.refused) >= MOST_REFUSED:
                raise


Keep = Callable[[pl.DataFrame, datetime], None]
"""Keeps what the ways said (``TOLD``) of days without a settlement, and when."""


async def settlements_of(
    vendors: VendorClients,
    symbols: dict[str, str],
    days: list[date],
    *,
    versions: pl.DataFrame,
    keep: Keep,
) -> tuple[pl.DataFrame, Counter[str]]:
    """Settlements of the days, with the interval of each, and what asking cost.

    Without a contract no request is sent. A contract that is refused, or of which something comes
    that cannot be true, takes no other one down: it is named in the journal and counted under its
    name, and asked for again the next time.

    Parameters
    ----------
    versions
        As of ``with_intervals``.
    """
    if not symbols:
        return FundingRate.empty_frame(), Counter()
    async with vendors.binance() as binance, vendors.binance_archive() as archive:
        now = await binance.server_time()

        async def ask(some: Mapping[str, str]) -> Collected:
            return await collect_settlements(
                binance,
                archive,
                some,
                # longer than any interval: a day's first settlement meets the one before it
                start=midnight(days[0]) - DAY,
                end=min(midnight(days[-1]) + DAY, now),
                now=now,
            )

        halving = _Halving(ask)
        await halving.collect(symbols)
        if not halving.parts:
            raise next(iter(halving.refused.values()))
        keep(pl.concat(part.told for part in halving.parts), now)
        spent = Counter[str]()
        for part in halving.parts:
            spent.update({f"symbol_days_from_{how}": n for how, n in part.transports.items()})
        for symbol, error in halving.refused.items():
            spent[f"{FAILED}{symbol}"] += 1
            note = f"{FundingRate.table_name()}: {symbol}: {error}. The other contracts go on"
            vendors.records.journal.note("fallback", note)
        spent["api_calls"] = sum(binance.calls.values())
        spent["archive_downloads"] = sum(archive.calls.values())
        rows = with_intervals(pl.concat(part.frame for part in halving.parts), versions)
        inside = rows.filter(pl.col("ts") >= midnight(days[0]))
        return stamped(inside, FundingRate, source=binance.vendor, at=now), spent


async def settlements_if_told(
    vendors: VendorClients,
    name: tuple[str, str],
    days: list[date],
    *,
    versions: pl.DataFrame,
    keep: Keep,
) -> tuple[pl.DataFrame, Counter[str]]:
    """Settlements of a contract that its venue lists no longer, as of ``settlements_of``.

    The archive may have them; the API refuses the name. That is this contract's failure only: it
    is named in the journal and counted.
    """
    try:
        return await settlements_of(vendors, dict([name]), days, versions=versions, keep=keep)
    except VendorError as exc:
        vendors.records.journal.note(
            "fallback",
            f"funding_rate: {name[1]} is listed no longer and was not told of "
            f"{days[0]} to {days[-1]}, the others go on: {exc}",
        )
        return FundingRate.empty_frame(), Counter({"contracts_not_told": 1})
