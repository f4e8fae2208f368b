"""Hyperliquid's answers made into a listing and readings. Pure: no network.

One response has two lists that go by position: the contracts, and their states of now.
"""

from collections import Counter
from datetime import datetime
from typing import Any

from pydantic import StrictBool, TypeAdapter

from cryptopipe_assets.core.contract_life import TRADING
from cryptopipe_assets.core.time import milliseconds
from cryptopipe_assets.vendors.parsing.fields import Count, Figure, Wire
from cryptopipe_assets.vendors.parsing.listing import (
    Details,
    Listing,
    Names,
    Perpetual,
    perpetual_of,
    read_listing,
)
from cryptopipe_assets.vendors.parsing.one_by_one import Judged, apart, judged, text
from cryptopipe_assets.vendors.parsing.open_interest import Measured, Reading, measured_now
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped

VENUE = "hyperliquid"
USDC_TOKEN = 0
QUOTE = "USDC"
DELISTED = "DELISTED"
HOURS_BETWEEN_SETTLEMENTS = 1
DECIMALS = 6
"""Decimals of a price and of a size together, of a perpetual."""


class _Listed(Wire):
    name: str
    is_delisted: StrictBool | None = None


class _Detailed(Wire):
    sz_decimals: Count


class _Meta(Wire):
    universe: list[Any]
    collateral_token: Count = USDC_TOKEN


class _State(Wire):
    open_interest: Figure
    mark_px: Figure


_RESPONSE = TypeAdapter(tuple[_Meta, list[Any]])
_LISTED = TypeAdapter(_Listed)
_DETAILED = TypeAdapter(_Detailed)
_PAIR = TypeAdapter(tuple[str, _State | None])


def read_list(payload: Any) -> Listing:
    """Read the list of contracts, each row by itself.

    Raises
    ------
    UnexpectedShape
        If the lists differ in length, the margin is not USDC, there is no contract at all, or most
        are not understood.
    """
    return _listing(_both(payload)[0])


def _both(payload: Any) -> tuple[list[Any], list[Any]]:
    """Rows of contracts, and of their states."""
    meta, states = shaped(_RESPONSE, payload)
    if meta.collateral_token != USDC_TOKEN:
        raise UnexpectedShape(f"expected margin in USDC, got token {meta.collateral_token}")
    if len(meta.universe) != len(states):
        raise UnexpectedShape(f"{len(meta.universe)} contracts, but {len(states)} states")
    return meta.universe, states


def _listing(universe: list[Any]) -> Listing:
    return read_listing(
        universe,
        _LISTED,
        _perpetual,
        names=lambda row: Names(row.get("name"), row.get("name"), QUOTE),
        small_k=True,
        without_market=(DELISTED,),
    )


def _perpetual(listed: _Listed, row: Any) -> Perpetual:
    return perpetual_of(
        listed.name,
        listed.name,
        QUOTE,
        margin_type="linear",
        status=DELISTED if listed.is_delisted else TRADING,
        small_k=True,
        row=row,
    )


def details_of(row: Any) -> Details:
    """Return what the registry has of a contract beside its names.

    A price has at most ``6 - szDecimals`` decimals, and five digits that count: the step is the
    smallest one that the first rule allows.

    Raises
    ------
    UnexpectedShape
        If a size has more than six decimals.
    """
    decimals = shaped(_DETAILED, row).sz_decimals
    if not 0 <= decimals <= DECIMALS:
        raise UnexpectedShape(f"expected sizes of 0 to {DECIMALS} decimals, got {decimals}")
    return Details(
        margin_asset=QUOTE,
        funding_interval_hours=HOURS_BETWEEN_SETTLEMENTS,
        price_tick=float(f"1e-{DECIMALS - decimals}"),
        quantity_step=float(f"1e-{decimals}"),
    )


def read_states(payload: Any, *, now: datetime) -> Measured:
    """Pair the list of contracts with the list of their states, which go by position.

    Raises
    ------
    UnexpectedShape
        As of ``read_list``, or if most states are wrong.
    """
    universe, states = _both(payload)
    listing = _listing(universe)
    contracts = listing.contracts
    left_out: Counter[str] = Counter()

    def reading(pair: tuple[str, _State | None]) -> Reading | None:
        name, state = pair
        if state is None or state.open_interest is None or state.mark_px is None:
            left_out["blank"] += 1
            return None
        return Reading(
            stamp=milliseconds(now),
            contract=contracts[name],
            contracts=None,
            base=state.open_interest,
            usd=state.open_interest * state.mark_px,
        )

    def named(pair: tuple[str, Any]) -> tuple[str | None, str | None]:
        return pair[0], contracts[pair[0]].coin

    pairs = [
        (name, state)
        for row, state in zip(universe, states, strict=True)
        if isinstance(row, dict) and (name := text(row, "name")) in contracts
    ]
    found: Judged[Reading] = judged(_PAIR, pairs, reading, named=named)
    apart(
        found,
        lambda each: each.contract.symbol,
        lambda each: (each.contract.vendor_symbol, each.contract.coin),
    )
    return measured_now(found, venue=VENUE, left_out=left_out, listing=listing)
