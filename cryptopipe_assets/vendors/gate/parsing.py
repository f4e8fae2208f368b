"""Gate's responses made into contracts, open interest and settlements. Pure: no network."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from pydantic import ConfigDict, StrictBool, TypeAdapter

from cryptopipe_assets.core.contract_names import COIN
from cryptopipe_assets.core.symbology import perpetual, split_multiplier
from cryptopipe_assets.core.time import EPOCH, HOUR_MS, milliseconds
from cryptopipe_assets.vendors.parsing.fields import Count, Figure, TextFigure, Wire
from cryptopipe_assets.vendors.parsing.funding import SETTLEMENT_SCHEMA
from cryptopipe_assets.vendors.parsing.instruments import (
    NO_END_MS,
    ListedInstruments,
    Passed,
    listed_instruments,
    require_most,
)
from cryptopipe_assets.vendors.parsing.one_by_one import judged, text
from cryptopipe_assets.vendors.parsing.open_interest import Measured, Reading, measured_now
from cryptopipe_assets.vendors.parsing.perpetuals import Contract, by_vendor_symbol, contract_of
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape, refuse, shaped

VENUE = "gate"
HOUR_SECONDS = 3600
EARLY_OR_LATE_SECONDS = 60
"""So far a settlement's stamp may be from its whole hour."""


class _Snake(Wire):
    model_config = ConfigDict(alias_generator=None, frozen=True)


class Listed(_Snake):
    """A contract as Gate lists it."""

    name: str
    type: str
    quanto_multiplier: TextFigure
    order_price_round: TextFigure
    funding_interval: Count
    create_time: Count = 0
    in_delisting: StrictBool = False
    is_pre_market: StrictBool = False
    status: str = "trading"

    @property
    def state(self) -> str:
        """``TRADING``, or why it does not trade."""
        if self.in_delisting:
            return "DELISTING"
        return "PRE_MARKET" if self.is_pre_market else self.status.upper()


class _Ticker(_Snake):
    contract: str
    total_size: Figure
    mark_price: Figure


class _Settled(_Snake):
    t: Count
    r: TextFigure


_ROWS = TypeAdapter(list[Any])
_CONTRACT = TypeAdapter(Listed)
_TICKER = TypeAdapter(_Ticker)
_SETTLED = TypeAdapter(list[_Settled])


def read_contracts(payload: Any) -> tuple[list[Listed], list[Passed]]:
    """Return the contracts with a size, sorted by name, and what was passed over.

    Each contract is judged by itself: one that cannot be understood is passed over with the
    reason.

    Raises
    ------
    UnexpectedShape
        If it is no list, nothing is listed, or most of it is not understood.
    """
    listed: dict[str, Listed] = {}
    passed: list[Passed] = []
    contradicted: set[str] = set()
    for row in shaped(_ROWS, payload):
        said = row if isinstance(row, dict) else {}
        name = said.get("name") if isinstance(said.get("name"), str) else None
        try:
            if said.get("type", "direct") != "direct":
                passed.append((name, None, f"its type is {said['type']!r}, not direct", True))
                continue
            contract = _possible(shaped(_CONTRACT, row))
            if listed.setdefault(contract.name, contract) != contract:
                contradicted.add(contract.name)
                raise UnexpectedShape(f"two contracts of one name: {contract.name}")
        except UnexpectedShape as exc:
            passed.append((name, _symbol(name), str(exc), False))
    kept = [listed[name] for name in sorted(listed.keys() - contradicted)]
    require_most(len(kept), passed)
    return kept, passed


def _symbol(name: str | None) -> str | None:
    base, _, quote = (name or "").partition("_")
    return perpetual(base, quote) if base and quote else None


def _possible(contract: Listed) -> Listed:
    """Return the contract if it can be true.

    Raises
    ------
    UnexpectedShape
    """
    base, _, quote = contract.name.partition("_")
    hours, rest = divmod(contract.funding_interval, HOUR_SECONDS)
    if not all(re.fullmatch(COIN, each) for each in (base, quote)):
        raise UnexpectedShape(f"expected a name like BTC_USDT, got {contract.name!r}")
    if contract.quanto_multiplier <= 0 or contract.order_price_round <= 0:
        raise UnexpectedShape(f"{contract.name}: a size or a step is not positive")
    if rest or not 1 <= hours <= 24:
        raise UnexpectedShape(
            f"{contract.name}: expected 1 to 24 whole hours between settlements, got "
            f"{contract.funding_interval} s"
        )
    if not 0 <= contract.create_time * 1000 < NO_END_MS:
        raise UnexpectedShape(f"{contract.name}: it was listed at an impossible time")
    return contract


def contracts_of(listed: Sequence[Listed]) -> dict[str, tuple[Listed, Contract]]:
    """Return the contracts that trade, by Gate's name.

    Raises
    ------
    UnexpectedShape
        If two have one name, or none trades.
    """
    trading = {each.name: each for each in listed if each.state == "TRADING"}
    named = by_vendor_symbol(
        contract_of(
            name,
            name.partition("_")[0],
            quote=name.partition("_")[2],
            margin_type="linear",
            contract_size=each.quanto_multiplier,
        )
        for name, each in trading.items()
    )
    return {name: (trading[name], contract) for name, contract in named.items()}


def instruments_of(listed: Sequence[Listed], passed: Sequence[Passed]) -> ListedInstruments:
    """Return the contracts as the table has them.

    Raises
    ------
    UnexpectedShape
        If most contracts share a name with another one.
    """
    rows: list[dict[str, object]] = []
    for each in listed:
        base, _, quote = each.name.partition("_")
        coin, multiplier = split_multiplier(base)
        rows.append(
            {
                "venue": VENUE,
                "symbol": perpetual(base, quote),
                "vendor_symbol": each.name,
                "coin": coin,
                "quote": quote,
                "margin_asset": "USDT",
                "contract_multiplier": multiplier,
                "contract_type": "PERPETUAL",
                "status": each.state,
                "listed_at": EPOCH + timedelta(seconds=each.create_time)
                if each.create_time
                else None,
                "delisted_at": None,
                "funding_interval_hours": each.funding_interval // HOUR_SECONDS,
                "price_tick": each.order_price_round,
                "quantity_step": each.quanto_multiplier,
            }
        )
    return listed_instruments(rows, passed)


def read_tickers(
    payload: Any, contracts: Mapping[str, tuple[Listed, Contract]], *, now: datetime
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
        contract = contracts[each.contract][1]
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
        return (name, known[1].coin) if known else (None, None)

    found = judged(_TICKER, payload, reading, named=named)
    missing = len(contracts) - len(found.sound) - left_out["blank"] - len(found.failed)
    left_out["without_a_reading"] += missing
    return measured_now(found, venue=VENUE, left_out=left_out)


def read_settlements(payload: Any, listed: Listed, *, first: int, last: int) -> pl.DataFrame:
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
    base, _, quote = listed.name.partition("_")
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
            symbol=pl.lit(perpetual(base, quote)),
            # The list declares what is now and not what was then; the registry has since when.
            declared_interval_hours=pl.lit(None, pl.Int64),
        )
        .select(SETTLEMENT_SCHEMA.names())
        .match_to_schema(SETTLEMENT_SCHEMA)
        .sort("ts")
    )
