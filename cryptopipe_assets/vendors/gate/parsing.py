"""Gate's responses made into contracts, open interest and settlements. Pure: no network."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
from pydantic import ConfigDict, StrictBool, TypeAdapter

from cryptopipe_assets.core.contract_life import TRADING
from cryptopipe_assets.core.time import HOUR_MS, milliseconds
from cryptopipe_assets.vendors.parsing.fields import Count, Figure, TextFigure, Wire
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.listing import (
    PRE_MARKET,
    Details,
    Listing,
    Names,
    Perpetual,
    Underlying,
    instant_of,
    perpetual_of,
    read_listing,
    whole_hours,
)
from cryptopipe_assets.vendors.parsing.one_by_one import judged, text
from cryptopipe_assets.vendors.parsing.open_interest import Measured, Reading, measured_now
from cryptopipe_assets.vendors.parsing.perpetuals import Contract
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, refuse, shaped

VENUE = "gate"
HOUR_SECONDS = 3600
EARLY_OR_LATE_SECONDS = 60
"""So far a settlement's stamp may be from its whole hour."""


NOT_COINS: dict[str, Underlying] = {
    "stocks": "EQUITY",
    "indices": "INDEX",
    "metals": "COMMODITY",
    "commodities": "COMMODITY",
    "forex": "FOREX",
}
"""Gate's ``contract_type`` of what is no coin; it is blank of coins."""
NOT_TRADING = ("DELISTING", "DELISTED", PRE_MARKET, "PRELAUNCH", "CIRCUIT_BREAKER")


class _Snake(Wire):
    model_config = ConfigDict(alias_generator=None, frozen=True)


class _Listed(_Snake):
    """A contract as Gate lists it."""

    name: str
    quanto_multiplier: TextFigure
    order_price_round: TextFigure
    funding_interval: Count
    create_time: Count = 0
    in_delisting: StrictBool = False
    is_pre_market: StrictBool = False
    status: str = "trading"
    contract_type: str | None = None

    @property
    def state(self) -> str:
        """``TRADING``, or why it does not trade."""
        if self.in_delisting:
            return "DELISTING"
        return PRE_MARKET if self.is_pre_market else self.status.upper() or TRADING


class _Ticker(_Snake):
    contract: str
    total_size: Figure
    mark_price: Figure


class _Settled(_Snake):
    t: Count
    r: TextFigure


_LISTED = TypeAdapter(_Listed)
_TICKER = TypeAdapter(_Ticker)
_SETTLED = TypeAdapter(list[_Settled])


def read_contracts(payload: Any) -> Listing:
    """Read the list of contracts, each row by itself.

    Raises
    ------
    UnexpectedShape
        If it is no list, nothing is listed, or most of it is not understood.
    """
    return read_listing(
        payload,
        _LISTED,
        _perpetual,
        names=_names,
        other=_of_another_kind,
        without_market=NOT_TRADING,
    )


def _names(row: dict[str, Any]) -> Names:
    name = text(row, "name") or ""
    base, _, quote = name.partition("_")
    return Names(name, base, quote)


def _of_another_kind(row: dict[str, Any]) -> str:
    """Say why a row is no perpetual's that can be collected; empty if it may be one's."""
    kind = row.get("type", "direct")
    if kind != "direct":
        return f"its type is {kind!r}, not direct"
    return "it is not open yet (status 'prelaunch')" if row.get("status") == "prelaunch" else ""


def _perpetual(listed: _Listed, row: Any) -> Perpetual:
    """Return the contract if it can be true.

    Raises
    ------
    UnexpectedShape
    """
    base, _, quote = listed.name.partition("_")
    if not base or not quote:
        raise UnexpectedShape(f"expected a name like BTC_USDT, got {listed.name!r}")
    if listed.quanto_multiplier <= 0 or listed.order_price_round <= 0:
        raise UnexpectedShape(f"{listed.name}: a size or a step is not positive")
    try:
        _hours(listed), instant_of(listed.create_time * 1000)
        return perpetual_of(
            listed.name,
            base,
            quote,
            margin_type="linear",
            contract_size=listed.quanto_multiplier,
            of=NOT_COINS.get((listed.contract_type or "").lower(), ""),
            status=listed.state,
            row=row,
        )
    except UnexpectedShape as exc:
        raise UnexpectedShape(f"{listed.name}: {exc}", row) from None


def _hours(listed: _Listed) -> int | None:
    minutes, rest = divmod(listed.funding_interval, 60)
    return whole_hours(minutes if not rest else 1)


def details_of(row: Any) -> Details:
    """Return what the registry has of a contract beside its names.

    Raises
    ------
    UnexpectedShape
        If a value cannot be true.
    """
    said = shaped(_LISTED, row)
    return Details(
        margin_asset="USDT",
        listed_at=instant_of(said.create_time * 1000),
        funding_interval_hours=_hours(said),
        price_tick=said.order_price_round,
        quantity_step=said.quanto_multiplier,
    )


def read_tickers(
    payload: Any,
    contracts: Mapping[str, Contract],
    *,
    now: datetime,
    listing: Listing | None = None,
) -> Measured:
    """Return the open interest of ``contracts``, as of the moment the response was here.

    Each contract is judged by itself: one whose row is wrong is left out and named.

    Raises
    ------
    UnexpectedShape
        If no contract has a ticker, or most are wrong.
    """
    left_out: Counter[str] = Counter()

    def reading(each: _Ticker) -> Reading | None:
        if each.contract not in contracts:
            left_out["not_a_trading_perpetual"] += 1
            return None
        if each.total_size is None or not each.mark_price:
            left_out["blank"] += 1
            return None
        contract = contracts[each.contract]
        base = each.total_size * contract.contract_size
        return Reading(
            stamp=milliseconds(now),
            contract=contract,
            contracts=each.total_size,
            base=base,
            usd=base * each.mark_price,
        )

    def named(row: dict[str, Any]) -> tuple[str | None, str | None]:
        known = contracts.get(name) if (name := text(row, "contract")) else None
        return (name, known.coin) if known else (None, None)

    found = judged(_TICKER, payload, reading, named=named)
    missing = len(contracts) - len(found.sound) - left_out["blank"] - len(found.failed)
    left_out["without_a_reading"] += missing
    return measured_now(found, venue=VENUE, left_out=left_out, listing=listing)


def read_settlements(payload: Any, contract: Contract, *, first: int, last: int) -> pl.DataFrame:
    """Return the settlements of one contract: ``SETTLEMENT_SCHEMA``, sorted by ts.

    Parameters
    ----------
    first, last
        The window that was asked for, in seconds since 1970, both included.

    Raises
    ------
    UnexpectedShape
        If a field is missing, a stamp was not asked for or is not near a whole hour, an hour has
        two rates, or a rate is beyond 100 %.
    """
    rows = [(each.t, each.r) for each in shaped(_SETTLED, payload)]
    stamped = pl.DataFrame(
        rows, schema={"stamp": pl.Int64, "funding_rate": pl.Float64}, orient="row"
    )
    hour = (pl.col("stamp") + HOUR_SECONDS // 2) // HOUR_SECONDS
    off = (pl.col("stamp") - hour * HOUR_SECONDS).abs()
    refuse(
        stamped.with_columns(hour=hour),
        {
            "a settlement was not asked for": ~pl.col("stamp").is_between(first, last),
            "a settlement is not at a whole hour": off > EARLY_OR_LATE_SECONDS,
            "an hour has two settlements": pl.col("hour").is_duplicated(),
            "a rate is beyond 100 %": pl.col("funding_rate").abs() > 1,
        },
        show=("stamp", "funding_rate"),
    )
    ms = pl.max_horizontal(pl.col("stamp") * 1000, hour * HOUR_MS) + 1
    return (
        stamped.with_columns(
            ts=(hour * HOUR_MS).cast(TIMESTAMP),
            available_at=ms.cast(TIMESTAMP),
            venue=pl.lit(VENUE),
            symbol=pl.lit(contract.symbol),
            # The list declares what is now and not what was then; the registry has since when.
            declared_interval_hours=pl.lit(None, pl.Int64),
        )
        .select(SETTLEMENT_SCHEMA.names())
        .match_to_schema(SETTLEMENT_SCHEMA)
        .sort("ts")
    )
