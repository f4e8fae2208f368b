"""Open interest as every venue's client returns it: the rows' schema, their stamps, their checks.

A dollar stablecoin counts as one dollar: a value in USDT or USDC is taken for USD. Pure: no
network.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.vendors.parsing.instruments import Passed
from cryptopipe_assets.vendors.parsing.listing import Listing
from cryptopipe_assets.vendors.parsing.one_by_one import Failure, Judged
from cryptopipe_assets.vendors.parsing.perpetuals import Contract
from cryptopipe_assets.vendors.parsing.told import TOLD
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, refuse

ANOTHER_UNIT = 10  # two figures of one position that differ by this factor are in different units
ANOTHER_PRICE = 100  # no price moves by this factor between two readings of one series

OPEN_INTEREST_SCHEMA = pl.Schema(
    {
        "ts": TIMESTAMP,
        "available_at": TIMESTAMP,
        "venue": pl.String(),
        "symbol": pl.String(),
        "coin": pl.String(),
        "margin_type": pl.String(),
        "open_interest_contracts": pl.Float64(),
        "open_interest_base": pl.Float64(),
        "open_interest_usd": pl.Float64(),
    }
)
MEASURES = ["open_interest_contracts", "open_interest_base", "open_interest_usd"]
READING_SCHEMA = pl.Schema(
    {
        "stamp": pl.Int64(),
        **{
            name: dtype
            for name, dtype in OPEN_INTEREST_SCHEMA.items()
            if name not in ("ts", "available_at", "venue")
        },
    }
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a venue said of one contract at ``stamp`` (ms); null is what it does not say."""

    stamp: int
    contract: Contract
    contracts: float | None
    base: float
    usd: float


@dataclass(frozen=True)
class Measured:
    """Open interest, and what is not in it.

    Parameters
    ----------
    frame
        ``OPEN_INTEREST_SCHEMA``, sorted by symbol and ts. The base is in the contract's own unit
        (1000 PEPE for ``1000PEPE-USDT-PERP``); contracts are null where the venue counts none.
    left_out
        How many of the venue's rows are not in the frame, by reason.
    failed
        Contracts, by the venue's own name, of which something came that cannot be true.
    disagreements
        Where two of the venue's own ways say different things of the same instants, in words.
    told
        ``TOLD``: of days that are over and not whole, what each way that was asked said of them.
    passed_over
        What the venue lists and no rows are collected of, with the reason.
    """

    frame: pl.DataFrame
    left_out: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, Failure] = field(default_factory=dict)
    disagreements: tuple[str, ...] = ()
    told: pl.DataFrame = field(default_factory=TOLD.to_frame)
    passed_over: tuple[Passed, ...] = ()


def together(parts: Iterable[Measured]) -> Measured:
    """Return all parts as one; of rows that share symbol and ts, those of earlier parts first."""
    frames, left_out = [OPEN_INTEREST_SCHEMA.to_frame()], Counter[str]()
    failed: dict[str, Failure] = {}
    for each in parts:
        frames.append(each.frame)
        left_out.update(each.left_out)
        failed |= each.failed
    rows = pl.concat(frames).sort("symbol", "ts", maintain_order=True)
    return Measured(rows, dict(left_out), failed)


def readings_frame(readings: Sequence[Reading]) -> pl.DataFrame:
    """Return ``READING_SCHEMA``."""
    rows = [
        (
            each.stamp,
            each.contract.symbol,
            each.contract.coin,
            each.contract.margin_type,
            each.contracts,
            each.base,
            each.usd,
        )
        for each in readings
    ]
    return pl.DataFrame(rows, schema=READING_SCHEMA, orient="row")


def at_the_instant(readings: Sequence[Reading], *, venue: str) -> pl.DataFrame:
    """Return readings of the present: ``ts`` is the hour in which they were taken.

    Raises
    ------
    UnexpectedShape
        If there is none, a figure is no amount, or a contract has two values.
    """
    if not readings:
        raise UnexpectedShape("expected the open interest of all contracts, got none")
    return _rows(readings_frame(readings), venue, ts=pl.col("stamp") // HOUR_MS * HOUR_MS)


def measured_now(
    found: Judged[Reading],
    *,
    venue: str,
    left_out: Counter[str],
    listing: Listing | None = None,
) -> Measured:
    """Put together readings of the present; a contract whose figures cannot be true fails alone.

    Parameters
    ----------
    left_out
        What was left out so far, by reason.
    listing
        The venue's list of contracts.

    Raises
    ------
    UnexpectedShape
        If there is no reading, or more contracts are wrong than are sound.
    """
    try:
        frame = at_the_instant(found.sound, venue=venue)
    except UnexpectedShape:
        by_symbol: dict[str, list[Reading]] = {}
        for each in found.sound:
            by_symbol.setdefault(each.contract.symbol, []).append(each)
        frames, found.sound = [OPEN_INTEREST_SCHEMA.to_frame()], []
        for own in by_symbol.values():
            try:
                frames.append(at_the_instant(own, venue=venue))
                found.sound += own
            except UnexpectedShape as exc:
                found.refuse(own[0].contract.vendor_symbol, own[0].contract.coin, exc)
        found.require_most()
        if not found.sound:
            raise
        frame = pl.concat(frames).sort("symbol", "ts")
    failed = found.failed
    found.count_into(left_out)
    if listing is not None:
        listing.count_into(left_out)
        failed = {**listing.failed, **failed}
    passed = () if listing is None else listing.not_collected
    return Measured(frame, dict(+left_out), dict(sorted(failed.items())), passed_over=passed)


def at_the_hours_end(readings: pl.DataFrame, *, venue: str) -> pl.DataFrame:
    """Return ``READING_SCHEMA`` stamped at whole hours: ``ts`` opens the hour that ends there.

    Raises
    ------
    UnexpectedShape
        If a stamp is not a whole hour, a figure is no amount, or an hour has two values.
    """
    is_off = pl.col("stamp") % HOUR_MS != 0
    refuse(readings, {"the stamp is not a whole hour": is_off}, show=("symbol", "stamp"))
    return _rows(readings, venue, ts=pl.col("stamp") - HOUR_MS)


def require_same_unit(one: float | None, other: float | None, *, of: str, what: str) -> None:
    """Complain if two figures of one position cannot be in the same unit.

    Raises
    ------
    UnexpectedShape
    """
    if not one or not other:
        return
    if not 1 / ANOTHER_UNIT < one / other < ANOTHER_UNIT:
        raise UnexpectedShape(f"{of}: {what} are in different units: {one:g} and {other:g}")


def _is_in_another_unit() -> pl.Expr:
    """Return where the price that value and quantity amount to is not that of the row before."""
    price = pl.col("open_interest_usd") / pl.col("open_interest_base")
    moved = (price / price.shift(1).over("symbol", order_by="stamp")).log().abs()
    return moved.is_finite() & (moved > math.log(ANOTHER_PRICE))


def _rows(readings: pl.DataFrame, venue: str, *, ts: pl.Expr) -> pl.DataFrame:
    rows = (
        readings.unique()
        .sort("symbol", "stamp")
        .with_columns(
            ts=ts.cast(TIMESTAMP),
            available_at=(pl.col("stamp") + 1).cast(TIMESTAMP),
            venue=pl.lit(venue),
        )
    )
    faults = {
        "the value in USD is missing": pl.col("open_interest_usd").is_null(),
        "a figure is not finite": pl.any_horizontal(~pl.col(MEASURES).is_finite()),
        "a figure is negative": pl.any_horizontal(pl.col(MEASURES) < 0),
        "the hour has two values": pl.struct("symbol", "ts").is_duplicated(),
        "value and quantity are in other units than just before": _is_in_another_unit(),
    }
    refuse(rows, faults, show=("symbol", "stamp", *MEASURES))
    return rows.select(OPEN_INTEREST_SCHEMA.names()).sort("symbol", "ts")
