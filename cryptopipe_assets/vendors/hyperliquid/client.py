"""Hyperliquid's endpoints that we use; what is known of the vendor is the card of this folder."""

import re
from collections import Counter
from datetime import datetime
from typing import Any, ClassVar

from pydantic import StrictBool, TypeAdapter

from cryptopipe_assets.core.time import milliseconds
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.parsing.fields import Count, Figure, Wire
from cryptopipe_assets.vendors.parsing.open_interest import (
    OPEN_INTEREST_SCHEMA,
    Measured,
    Reading,
    at_the_instant,
)
from cryptopipe_assets.vendors.parsing.perpetuals import by_vendor_symbol, contract_of
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped
from cryptopipe_assets.vendors.protocols import Wanted

INFO = "/info"
ALL_PERPETUALS = "metaAndAssetCtxs"
USDC_TOKEN = 0

_THOUSAND = re.compile(r"k(?P<coin>[A-Z][A-Z0-9]*)")


class _Listed(Wire):
    name: str
    is_delisted: StrictBool = False


class _Meta(Wire):
    universe: list[_Listed]
    collateral_token: Count = USDC_TOKEN


class _State(Wire):
    open_interest: Figure
    mark_px: Figure


_RESPONSE = TypeAdapter(tuple[_Meta, list[_State | None]])


class Hyperliquid(VendorClient):
    """The info endpoint: questions are JSON bodies."""

    vendor: ClassVar[str] = "hyperliquid"
    verb: ClassVar[str] = "POST"

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Return the open interest of the running hour, if the present is wanted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        if not wanted.has_present:
            return Measured(OPEN_INTEREST_SCHEMA.to_frame())
        return await self.open_interest_now()

    async def open_interest_now(self) -> Measured:
        """Return the open interest of all perpetuals, as of the moment the answer is here.

        Contracts that ended, and those whose figures are blank, are left out and counted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        payload = await self.get_json(
            INFO,
            {"type": ALL_PERPETUALS},
            family="weight",
            cost=20,
            label=f"{INFO} {ALL_PERPETUALS}",
        )
        with self.promised(f"{INFO} {ALL_PERPETUALS}"):
            return read_states(payload, now=self.clock())


def read_states(payload: Any, *, now: datetime) -> Measured:
    """Pair the list of contracts with the list of their states, which go by position.

    Raises
    ------
    UnexpectedShape
        If the lists differ in length, a field is missing, the margin is not USDC, there is no
        contract at all, or two have one name.
    """
    meta, states = shaped(_RESPONSE, payload)
    if meta.collateral_token != USDC_TOKEN:
        raise UnexpectedShape(f"expected margin in USDC, got token {meta.collateral_token}")
    if len(meta.universe) != len(states):
        raise UnexpectedShape(f"{len(meta.universe)} contracts, but {len(states)} states")
    readings: list[Reading] = []
    left_out: Counter[str] = Counter()
    for listed, state in zip(meta.universe, states, strict=True):
        if listed.is_delisted:
            left_out["delisted"] += 1
        elif state is None or state.open_interest is None or state.mark_px is None:
            left_out["blank"] += 1
        else:
            readings.append(
                Reading(
                    stamp=milliseconds(now),
                    contract=contract_of(
                        listed.name, base_unit(listed.name), quote="USDC", margin_type="linear"
                    ),
                    contracts=None,
                    base=state.open_interest,
                    usd=state.open_interest * state.mark_px,
                )
            )
    by_vendor_symbol(each.contract for each in readings)
    return Measured(at_the_instant(readings, venue=Hyperliquid.vendor), dict(left_out))


def base_unit(name: str) -> str:
    """Return the unit that the price is quoted for: ``kPEPE`` is ``1000PEPE``."""
    found = _THOUSAND.fullmatch(name)
    return name if found is None else f"1000{found['coin']}"
