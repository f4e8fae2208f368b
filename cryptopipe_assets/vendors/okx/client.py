"""OKX's endpoints that we use; what is known of the vendor is the card of this folder."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, cast

import httpx
from pydantic import TypeAdapter

from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.envelope import Envelope
from cryptopipe_assets.vendors.parsing.fields import Figure, TextStamp, Wire
from cryptopipe_assets.vendors.parsing.open_interest import (
    OPEN_INTEREST_SCHEMA,
    Measured,
    Reading,
    at_the_instant,
    require_same_unit,
)
from cryptopipe_assets.vendors.parsing.perpetuals import (
    Contract,
    MarginType,
    by_vendor_symbol,
    contract_of,
)
from cryptopipe_assets.vendors.parsing.staleness import require_recent
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped
from cryptopipe_assets.vendors.protocols import Wanted

INSTRUMENTS = "/api/v5/public/instruments"
OPEN_INTEREST = "/api/v5/public/open-interest"
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
    ct_type: str
    ct_val: Figure
    ct_mult: Figure


class _Said(Wire):
    inst_id: str
    oi: Figure
    oi_ccy: Figure
    oi_usd: Figure
    ts: TextStamp


class _Instruments(Wire):
    data: list[_Listed]


class _OpenInterest(Wire):
    data: list[_Said]


_INSTRUMENTS = TypeAdapter(_Instruments)
_OPEN_INTEREST = TypeAdapter(_OpenInterest)


class Okx(VendorClient):
    """The REST endpoints we use, one method each."""

    vendor: ClassVar[str] = "okx"

    def screen(self, response: httpx.Response) -> None:
        """Read the code that OKX sends with status 200."""
        ENVELOPE.open(response, vendor=self.vendor, redact=self.redact)

    async def contracts(self) -> dict[str, Contract]:
        """Return the perpetual swaps of coins that OKX lists now, by its own name.

        Swaps of stocks, metals and currencies, and kinds that we do not know, are left out.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
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
        return await self.open_interest_now(await self.contracts())

    async def open_interest_now(self, contracts: Mapping[str, Contract]) -> Measured:
        """Return the open interest of ``contracts``, each as of the instant that OKX says.

        Left out and counted: swaps not in ``contracts``, contracts of which OKX says nothing or
        a blank, and those whose figure is over an hour older than the newest.

        Raises
        ------
        VendorUnavailable, VendorRejected, PayloadChanged
        """
        payload = await self.get_json(OPEN_INTEREST, {"instType": "SWAP"}, family="public")
        with self.promised(OPEN_INTEREST):
            return read_open_interest(payload, contracts, now=self.clock())


def read_instruments(payload: Any) -> dict[str, Contract]:
    """Return the linear and inverse swaps of coins.

    Raises
    ------
    UnexpectedShape
        If a field is missing, nothing is listed, or two contracts would have one name.
    """
    return by_vendor_symbol(
        _contract(each)
        for each in shaped(_INSTRUMENTS, payload).data
        if each.ct_type in ("linear", "inverse") and each.inst_category in CRYPTO
    )


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
    payload: Any, contracts: Mapping[str, Contract], *, now: datetime
) -> Measured:
    """Return the open interest of ``contracts``.

    Raises
    ------
    UnexpectedShape
        If a field is missing, nothing came, a figure contradicts the contract's size, or is not
        of now.
    VendorUnavailable
        If the newest figure is over an hour old.
    """
    readings: list[Reading] = []
    left_out: Counter[str] = Counter()
    for each in shaped(_OPEN_INTEREST, payload).data:
        contract = contracts.get(each.inst_id)
        if contract is None:
            left_out["not_a_listed_perpetual"] += 1
        elif each.oi is None or each.oi_ccy is None or each.oi_usd is None:
            left_out["blank"] += 1
        else:
            require_same_unit(
                each.oi * contract.contract_size,
                each.oi_ccy if contract.margin_type == "linear" else each.oi_usd,
                of=each.inst_id,
                what="contracts times their size, and what OKX makes of it,",
            )
            readings.append(
                Reading(
                    stamp=each.ts,
                    contract=contract,
                    contracts=each.oi,
                    base=each.oi_ccy,
                    usd=each.oi_usd,
                )
            )
    left_out["without_a_reading"] += len(contracts) - len(readings) - left_out["blank"]
    newest = max((each.stamp for each in readings), default=0)
    if readings:
        require_recent(newest, now=now, vendor=Okx.vendor, what=OPEN_INTEREST)
    fresh = [each for each in readings if newest - each.stamp <= HOUR_MS]
    left_out["stale"] += len(readings) - len(fresh)
    return Measured(at_the_instant(fresh, venue=Okx.vendor), dict(+left_out))
