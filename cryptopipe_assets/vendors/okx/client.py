"""OKX's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, cast

import httpx
from pydantic import TypeAdapter

from cryptopipe_assets.core.symbology import split_multiplier
from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.envelope import Envelope
from cryptopipe_assets.vendors.okx.terms import TERMS
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.fields import Figure, TextStamp, Wire
from cryptopipe_assets.vendors.parsing.one_by_one import Judged, judged, text
from cryptopipe_assets.vendors.parsing.open_interest import (
    OPEN_INTEREST_SCHEMA,
    Measured,
    Reading,
    measured_now,
    require_same_unit,
)
from cryptopipe_assets.vendors.parsing.perpetuals import (
    Contract,
    MarginType,
    contract_of,
    told_apart,
)
from cryptopipe_assets.vendors.parsing.staleness import require_recent
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped
from cryptopipe_assets.vendors.protocols import Wanted

INSTRUMENTS = "/api/v5/public/instruments"
OPEN_INTEREST = "/api/v5/public/open-interest"
NOT_OPEN = ("preopen", "test")
"""States of a swap that has no market yet; most of its fields are blank."""
CRYPTO = ("", "1")  # stocks, metals and currencies have other categories; older answers have none
ENVELOPE = Envelope(
    code="code",
    message="msg",
    too_often=frozenset({"50011"}),
    broken=frozenset({"50001", "50004", "50013", "50026"}),
)


class _Listed(Wire):
    inst_id: str
    inst_family: str
    inst_category: str = ""
    state: str = "live"
    ct_type: str
    ct_val: Figure
    ct_mult: Figure


class _Said(Wire):
    inst_id: str
    oi: Figure
    oi_ccy: Figure
    oi_usd: Figure
    ts: TextStamp


class _List(Wire):
    data: list[Any]


_LIST = TypeAdapter(_List)
_LISTED = TypeAdapter(_Listed)
_SAID = TypeAdapter(_Said)


class Okx(VendorClient):
    """The REST endpoints we use, one method each."""

    vendor: ClassVar[str] = "okx"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds

    def screen(self, response: httpx.Response) -> None:
        """Read the code that OKX sends with status 200."""
        ENVELOPE.open(response, vendor=self.vendor, redact=self.redact)

    async def contracts(self) -> dict[str, Contract]:
        """Return the perpetual swaps of coins that OKX lists now, by its own name.

        Swaps of stocks, metals and currencies, kinds that we do not know, those that are not open
        yet, and those whose row is wrong, are left out.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        return by_name(await self._listing())

    async def _listing(self) -> Judged[Contract]:
        payload = await self.get_json(INSTRUMENTS, {"instType": "SWAP"}, family="public")
        with self.promised(INSTRUMENTS):
            return read_instruments(payload)

    async def hourly_open_interest(self, wanted: Wanted) -> Measured:
        """Return the open interest of the running hour, if the present is wanted.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        if not wanted.has_present:
            return Measured(OPEN_INTEREST_SCHEMA.to_frame())
        listing = await self._listing()
        return await self.open_interest_now(by_name(listing), listing)

    async def open_interest_now(
        self, contracts: Mapping[str, Contract], listing: Judged[Contract] | None = None
    ) -> Measured:
        """Return the open interest of ``contracts``, each as of the instant that OKX says.

        Left out and counted: swaps not in ``contracts``, contracts of which OKX says nothing or
        a blank, those whose figure is over an hour older than the newest, and those whose row is
        wrong, which are named.

        Parameters
        ----------
        listing
            Where the contracts are from, for what was wrong there.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        payload = await self.get_json(OPEN_INTEREST, {"instType": "SWAP"}, family="public")
        with self.promised(OPEN_INTEREST):
            return read_open_interest(payload, contracts, now=self.clock(), listing=listing)


def by_name(listing: Judged[Contract]) -> dict[str, Contract]:
    """The contracts by OKX's own name, sorted by it."""
    named = {each.vendor_symbol: each for each in listing.sound}
    return dict(sorted(named.items()))


def read_instruments(payload: Any) -> Judged[Contract]:
    """Return the linear and inverse swaps of coins that are open, each judged by itself.

    Raises
    ------
    UnexpectedShape
        If nothing is listed, or most of it is wrong.
    """
    found = judged(_LISTED, shaped(_LIST, payload).data, _contract_if_ours, named=_named)
    return told_apart(found)


def _named(row: dict[str, Any]) -> tuple[str | None, str | None]:
    """A swap's name, or its family's where it has none yet, and its coin."""
    name = text(row, "instId") or text(row, "instFamily")
    base = (text(row, "instFamily") or name or "").partition("-")[0]
    return name, split_multiplier(base)[0] if base else None


def _contract_if_ours(listed: _Listed) -> Contract | None:
    is_ours = (
        listed.ct_type in ("linear", "inverse")
        and listed.inst_category in CRYPTO
        and listed.state not in NOT_OPEN
    )
    return _contract(listed) if is_ours else None


def _contract(listed: _Listed) -> Contract:
    # A swap has no base and quote of its own. Its family is the pair, and tells BTC-USD_UM, which
    # is margined in dollars, from the inverse BTC-USD of the same underlying.
    base, dash, quote = listed.inst_family.partition("-")
    size = (listed.ct_val or 0.0) * (listed.ct_mult or 0.0)
    if not base or not dash or not quote or size <= 0:
        raise UnexpectedShape(f"expected a family like BTC-USDT and a size, got {listed!r}")
    return contract_of(
        listed.inst_id,
        base,
        quote=quote,
        margin_type=cast(MarginType, listed.ct_type),
        contract_size=size,
    )


def read_open_interest(
    payload: Any,
    contracts: Mapping[str, Contract],
    *,
    now: datetime,
    listing: Judged[Contract] | None = None,
) -> Measured:
    """Return the open interest of ``contracts``, each judged by itself.

    Raises
    ------
    UnexpectedShape
        If nothing came, most contracts are wrong (a field is missing, a figure contradicts the
        contract's size), or the newest is not of now.
    VendorUnavailable
        If the newest figure is over an hour old.
    """
    left_out: Counter[str] = Counter()

    def reading(said: _Said) -> Reading | None:
        contract = contracts.get(said.inst_id)
        if contract is None:
            left_out["not_a_listed_perpetual"] += 1
            return None
        if said.oi is None or said.oi_ccy is None or said.oi_usd is None:
            left_out["blank"] += 1
            return None
        require_same_unit(
            said.oi * contract.contract_size,
            said.oi_ccy if contract.margin_type == "linear" else said.oi_usd,
            of=said.inst_id,
            what="contracts times their size, and what OKX makes of it,",
        )
        return Reading(
            stamp=said.ts,
            contract=contract,
            contracts=said.oi,
            base=said.oi_ccy,
            usd=said.oi_usd,
        )

    def named(row: dict[str, Any]) -> tuple[str | None, str | None]:
        contract = contracts.get(name) if (name := text(row, "instId")) else None
        return (name, contract.coin) if contract else (None, None)

    found = judged(_SAID, shaped(_LIST, payload).data, reading, named=named)
    missing = len(contracts) - len(found.sound) - left_out["blank"] - len(found.failed)
    left_out["without_a_reading"] += missing
    newest = max((each.stamp for each in found.sound), default=0)
    if found.sound:
        require_recent(newest, now=now, vendor=Okx.vendor, what=OPEN_INTEREST)
    fresh = [each for each in found.sound if newest - each.stamp <= HOUR_MS]
    left_out["stale"] += len(found.sound) - len(fresh)
    found.sound = fresh
    return measured_now(found, venue=Okx.vendor, left_out=left_out, listing=listing)
