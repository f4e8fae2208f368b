"""Hyperliquid's endpoints that we use; what is known of the vendor is the card of this folder."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import StrictBool, TypeAdapter

from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.time import milliseconds
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.hyperliquid.terms import TERMS
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.fields import Count, Figure, Wire
from cryptopipe_assets.vendors.parsing.one_by_one import Judged, apart, judged, text
from cryptopipe_assets.vendors.parsing.open_interest import (
    OPEN_INTEREST_SCHEMA,
    Measured,
    Reading,
    measured_now,
)
from cryptopipe_assets.vendors.parsing.perpetuals import contract_of
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
    universe: list[Any]
    collateral_token: Count = USDC_TOKEN


class _State(Wire):
    open_interest: Figure
    mark_px: Figure


_RESPONSE = TypeAdapter(tuple[_Meta, list[Any]])
_PAIR = TypeAdapter(tuple[_Listed, _State | None])


class Hyperliquid(VendorClient):
    """The info endpoint: questions are JSON bodies."""

    vendor: ClassVar[str] = "hyperliquid"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds
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

        Contracts that ended, and those whose figures are blank, are left out and counted; one whose
        row is wrong is left out and named.

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
        If the lists differ in length, the margin is not USDC, there is no contract at all, or most
        are wrong.
    """
    meta, states = shaped(_RESPONSE, payload)
    if meta.collateral_token != USDC_TOKEN:
        raise UnexpectedShape(f"expected margin in USDC, got token {meta.collateral_token}")
    if len(meta.universe) != len(states):
        raise UnexpectedShape(f"{len(meta.universe)} contracts, but {len(states)} states")
    left_out: Counter[str] = Counter()

    def reading(pair: tuple[_Listed, _State | None]) -> Reading | None:
        listed, state = pair
        if listed.is_delisted:
            left_out["delisted"] += 1
            return None
        if state is None or state.open_interest is None or state.mark_px is None:
            left_out["blank"] += 1
            return None
        return Reading(
            stamp=milliseconds(now),
            contract=contract_of(
                listed.name, base_unit(listed.name), quote="USDC", margin_type="linear"
            ),
            contracts=None,
            base=state.open_interest,
            usd=state.open_interest * state.mark_px,
        )

    def named(pair: tuple[Any, Any]) -> tuple[str | None, str | None]:
        name = text(pair[0], "name") if isinstance(pair[0], dict) else None
        return name, split_multiplier(base_unit(name))[0] if name else None

    pairs = list(zip(meta.universe, states, strict=True))
    found: Judged[Reading] = judged(_PAIR, pairs, reading, named=named)
    apart(
        found,
        lambda each: each.contract.symbol,
        lambda each: (each.contract.vendor_symbol, each.contract.coin),
    )
    return measured_now(found, venue=Hyperliquid.vendor, left_out=left_out)


def base_unit(name: str) -> str:
    """Return the unit that the price is quoted for: ``kPEPE`` is ``1000PEPE``."""
    found = _THOUSAND.fullmatch(name)
    return name if found is None else f"1000{found['coin']}"
