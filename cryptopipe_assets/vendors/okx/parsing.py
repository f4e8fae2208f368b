"""OKX's answers made into a listing and readings. Pure: no network.

A swap has no base and quote of its own. Its family is the pair, and tells BTC-USD_UM, which is
margined in dollars, from the inverse BTC-USD of the same underlying.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from cryptopipe_assets.core.contract_life import TRADING
from cryptopipe_assets.core.time import HOUR_MS
from cryptopipe_assets.vendors.parsing.fields import Figure, OptionalStamp, TextStamp, Wire
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
    step_of,
)
from cryptopipe_assets.vendors.parsing.one_by_one import judged, text
from cryptopipe_assets.vendors.parsing.open_interest import (
    Measured,
    Reading,
    measured_now,
    require_same_unit,
)
from cryptopipe_assets.vendors.parsing.perpetuals import Contract, MarginType
from cryptopipe_assets.vendors.parsing.staleness import require_recent
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped

VENUE = "okx"
MARGIN_TYPES: dict[str, MarginType] = {"linear": "linear", "inverse": "inverse"}
NOT_OPEN = ("preopen", "test")
"""States of a swap that has no market yet; most of its fields are blank."""
CRYPTO = ("", "1")  # older answers have no category
NOT_COINS: dict[str, Underlying] = {
    "3": "EQUITY",
    "4": "COMMODITY",
    "5": "FOREX",
    "6": "BOND",
}
"""OKX's ``instCategory`` of what is no coin."""
STATES = {"live": TRADING}


class _Listed(Wire):
    inst_id: str
    inst_family: str
    inst_category: str = ""
    state: str = "live"
    rule_type: str = "normal"
    ct_type: str
    ct_val: Figure
    ct_mult: Figure


class _Detailed(Wire):
    ct_type: str
    ct_val: str
    ct_mult: str
    settle_ccy: str
    list_time: OptionalStamp = None
    exp_time: OptionalStamp = None
    tick_sz: str | None = None
    lot_sz: str | None = None


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
_DETAILED = TypeAdapter(_Detailed)
_SAID = TypeAdapter(_Said)


def read_instruments(payload: Any) -> Listing:
    """Read the list of swaps, each row by itself.

    Raises
    ------
    UnexpectedShape
        If nothing is listed, or most of it is not understood.
    """
    return read_listing(
        shaped(_LIST, payload).data,
        _LISTED,
        _perpetual,
        names=_names,
        other=_of_another_kind,
        without_market=(PRE_MARKET, "SUSPEND"),
    )


def _names(row: dict[str, Any]) -> Names:
    """A swap's name, or its family's where it has none yet, and its pair."""
    family = text(row, "instFamily") or ""
    base, _, quote = family.partition("-")
    return Names(text(row, "instId") or family, base, quote)


def _of_another_kind(row: dict[str, Any]) -> str:
    """Say why a row is no swap's that can be collected; empty if it may be one's."""
    state, kind = row.get("state"), row.get("ctType")
    if state in NOT_OPEN:
        return f"it is not open yet (state {state!r})"
    if isinstance(kind, str) and kind and kind not in MARGIN_TYPES:
        return f"its ctType is {kind!r}, neither linear nor inverse"
    return ""


def _perpetual(listed: _Listed, row: Any) -> Perpetual:
    base, dash, quote = listed.inst_family.partition("-")
    size = (listed.ct_val or 0.0) * (listed.ct_mult or 0.0)
    if not base or not dash or not quote or size <= 0:
        raise UnexpectedShape(f"expected a family like BTC-USDT and a size, got {listed!r}")
    if listed.ct_type not in MARGIN_TYPES:
        raise UnexpectedShape(f"expected a ctType, got {listed.ct_type!r}")
    state = PRE_MARKET if listed.rule_type == "pre_market" else STATES.get(listed.state)
    is_coin = listed.inst_category in CRYPTO
    return perpetual_of(
        listed.inst_id,
        base,
        quote,
        margin_type=MARGIN_TYPES[listed.ct_type],
        contract_size=size,
        of="" if is_coin else NOT_COINS.get(listed.inst_category, "OTHER"),
        status=state or listed.state.upper(),
        row=row,
    )


def details_of(row: Any) -> Details:
    """Return what the registry has of a swap beside its names.

    Raises
    ------
    UnexpectedShape
        If a value cannot be true.
    """
    said = shaped(_DETAILED, row)
    is_linear = MARGIN_TYPES[said.ct_type] == "linear"
    return Details(
        margin_asset=said.settle_ccy,
        listed_at=instant_of(said.list_time),
        delisted_at=instant_of(said.exp_time),
        price_tick=step_of(said.tick_sz),
        quantity_step=step_of(said.lot_sz, said.ct_val, said.ct_mult) if is_linear else None,
    )


def read_open_interest(
    payload: Any,
    contracts: Mapping[str, Contract],
    *,
    now: datetime,
    listing: Listing | None = None,
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
        require_recent(newest, now=now, vendor=VENUE, what="open interest")
    fresh = [each for each in found.sound if newest - each.stamp <= HOUR_MS]
    left_out["stale"] += len(found.sound) - len(fresh)
    found.sound = fresh
    return measured_now(found, venue=VENUE, left_out=left_out, listing=listing)
