"""What a venue lists, each row by itself and by one rule for all venues. Pure: no network.

A vendor's ``parsing.py`` says where the fields of a row are and in which words; what a name means,
which rows are no coin's perpetual, and what is passed over with which reason, is said here.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import TypeAdapter

from cryptopipe_assets.core.contract_life import TRADING
from cryptopipe_assets.core.contract_names import (
    MARGINED_IN_DOLLARS,
    composed,
    read_base,
    read_contract_name,
    read_quote,
)
from cryptopipe_assets.core.symbology import perpetual, split_multiplier
from cryptopipe_assets.core.time import EPOCH
from cryptopipe_assets.core.unreadable import UNREADABLE
from cryptopipe_assets.vendors.parsing.instruments import (
    NO_END_MS,
    ListedInstruments,
    Passed,
    listed_instruments,
    one_name_each,
    require_most,
)
from cryptopipe_assets.vendors.parsing.one_by_one import Failure
from cryptopipe_assets.vendors.parsing.perpetuals import Contract, MarginType, contract_of
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped, unreadable

PRE_MARKET = "PRE_MARKET"
"""Status of a perpetual of something that has no market elsewhere yet."""

Underlying = Literal["", "INDEX", "EQUITY", "COMMODITY", "FOREX", "BOND", "OTHER"]
"""What a perpetual is of; empty if of a coin."""

MOST_HOURS = 24
LONGEST_TICKER = 64

S = TypeVar("S")
_ROWS: TypeAdapter[list[Any]] = TypeAdapter(list[Any])


class Names(NamedTuple):
    """The venue's name of a contract, its base and its quote, as far as a row tells them."""

    vendor_symbol: str | None = None
    base: str | None = None
    quote: str | None = None


@dataclass(frozen=True, kw_only=True)
class Perpetual:
    """A perpetual as its venue lists it.

    Attributes
    ----------
    quote
        The currency of its price, as its symbol has it.
    of
        What it is of, if that is no coin.
    status
        ``TRADING``, or the venue's own word in capitals.
    row
        The row as it was sent.
    """

    contract: Contract
    quote: str
    of: Underlying = ""
    status: str = TRADING
    row: Any = field(default=None, repr=False)

    @property
    def contract_type(self) -> str:
        """``PERPETUAL`` if it is of a coin."""
        return f"{self.of}_PERPETUAL" if self.of else "PERPETUAL"


@dataclass(frozen=True, kw_only=True)
class Details:
    """What the registry has of a perpetual beside its names; null is what the venue does not say.

    Attributes
    ----------
    quantity_step
        Units of the base; null of an inverse contract, which counts dollars.
    """

    margin_asset: str
    listed_at: datetime | None = None
    delisted_at: datetime | None = None
    funding_interval_hours: int | None = None
    price_tick: float | None = None
    quantity_step: float | None = None


@dataclass(frozen=True)
class Listing:
    """What a venue lists.

    Attributes
    ----------
    perpetuals
        No two of one name, the venue's or the canonical; sorted by the venue's.
    passed_over
        What else is listed, in the venue's order.
    without_market
        Status of perpetuals that do not trade.
    """

    perpetuals: tuple[Perpetual, ...]
    passed_over: tuple[Passed, ...]
    without_market: Collection[str] = ()

    @property
    def contracts(self) -> dict[str, Contract]:
        """Perpetuals of coins that have a market, by the venue's own name."""
        return {
            each.contract.vendor_symbol: each.contract
            for each in self.perpetuals
            if not self._why_not(each)
        }

    @property
    def not_collected(self) -> tuple[Passed, ...]:
        """Everything that is listed and not among ``contracts``, with the reason."""
        others = tuple(
            (each.contract.vendor_symbol, each.contract.symbol, why, True)
            for each in self.perpetuals
            if (why := self._why_not(each))
        )
        return (*self.passed_over, *others)

    @property
    def failed(self) -> dict[str, Failure]:
        """The venue's name of what is not understood, to what is wrong with it."""
        return {
            name: Failure(split_multiplier(symbol.partition("-")[0])[0] if symbol else None, why)
            for name, symbol, why, is_understood in self.passed_over
            if name and not is_understood
        }

    def count_into(self, left_out: Counter[str]) -> None:
        """Enter what is not collected: perpetuals by what they are of or their status."""
        for name, _, _, is_understood in self.passed_over:
            left_out["passed_over" if is_understood else "failed" if name else "malformed"] += 1
        for each in self.perpetuals:
            if self._why_not(each):
                left_out[(each.of or each.status).lower()] += 1

    def instruments(self, venue: str, details: Callable[[Any], Details]) -> ListedInstruments:
        """The perpetuals as the table has them; one whose details cannot be true is passed over.

        Parameters
        ----------
        details
            From a row as it was sent; raises ``UnexpectedShape``.

        Raises
        ------
        UnexpectedShape
            If most are not understood.
        """
        rows: list[dict[str, object]] = []
        passed = list(self.passed_over)
        for each in self.perpetuals:
            contract = each.contract
            try:
                said = details(each.row)
            except UnexpectedShape as exc:
                passed.append((contract.vendor_symbol, contract.symbol, str(exc), False))
                continue
            base = contract.symbol.removesuffix(f"-{each.quote}-PERP")
            rows.append(
                {
                    "venue": venue,
                    "symbol": contract.symbol,
                    "vendor_symbol": contract.vendor_symbol,
                    "coin": contract.coin,
                    "quote": each.quote.removesuffix(MARGINED_IN_DOLLARS),
                    "contract_multiplier": split_multiplier(base)[1],
                    "contract_type": each.contract_type,
                    "status": each.status,
                    **vars(said),
                }
            )
        return listed_instruments(rows, passed)

    def _why_not(self, each: Perpetual) -> str:
        """Why no rows are collected of a perpetual; empty if they are."""
        if each.of:
            return f"it is no coin's contract ({each.contract_type})"
        if each.status in self.without_market:
            return f"it does not trade ({each.status})"
        return ""


def read_listing(
    rows: Any,
    promise: TypeAdapter[S],
    made: Callable[[S, Any], Perpetual],
    *,
    names: Callable[[dict[str, Any]], Names],
    other: Callable[[dict[str, Any]], str] = lambda _: "",
    small_k: bool = False,
    without_market: Collection[str] = (),
) -> Listing:
    """Read a venue's list.

    Parameters
    ----------
    promise
        Of a perpetual's row.
    made
        From a row as promised and as sent to what it says; raises ``UnexpectedShape``.
    names
        From a row as sent, whose fields may be anything.
    other
        From a row as sent to why it is no perpetual that can be collected; empty if it may be one.
    small_k
        As of ``read_base``.

    Raises
    ------
    UnexpectedShape
        If it is no list, nothing is listed, or most of it is not understood.
    """
    found: list[Perpetual] = []
    passed: list[Passed] = []
    listed: list[Any] = shaped(_ROWS, rows)
    for place, row in enumerate(listed):
        name, symbol = None, None
        try:
            if isinstance(row, dict):
                said = Names(*(each if isinstance(each, str) else None for each in names(row)))
                name, symbol = said.vendor_symbol or None, symbol_of(said, small_k=small_k)
                if why := why_no_perpetual(name) or other(row):
                    passed.append((name, symbol, why, True))
                    continue
            found.append(made(shaped(promise, row), row))
        except UnexpectedShape as exc:
            passed.append((name, symbol, f"row {place}: {exc}", False))
        except UNREADABLE as exc:
            passed.append((name, symbol, f"row {place}: {unreadable(exc)}", False))
    kept, twins = one_name_each(
        found, lambda each: (each.contract.vendor_symbol, each.contract.symbol)
    )
    passed += twins
    require_most(len(kept), passed)
    by_name = sorted(kept, key=lambda each: each.contract.vendor_symbol)
    return Listing(tuple(by_name), tuple(passed), without_market)


def why_no_perpetual(vendor_symbol: str | None) -> str:
    """Why a venue's name is no perpetual's of the venue itself; empty if it may be one."""
    name = read_contract_name(vendor_symbol or "")
    return f"it is {name.why_not}" if name.nature not in ("perpetual", "unknown") else ""


def perpetual_of(
    vendor_symbol: str,
    base: str,
    quote: str,
    *,
    margin_type: MarginType,
    contract_size: float = 1.0,
    of: Underlying = "",
    status: str = TRADING,
    small_k: bool = False,
    row: Any = None,
) -> Perpetual:
    """Name a perpetual that a venue lists.

    Raises
    ------
    UnexpectedShape
        If base or quote is no ticker, or it has no name.
    """
    ours, theirs = pair_of(base, quote, small_k=small_k)
    if not vendor_symbol:
        raise UnexpectedShape("expected a contract's name, got none")
    contract = contract_of(
        vendor_symbol, ours, quote=theirs, margin_type=margin_type, contract_size=contract_size
    )
    return Perpetual(contract=contract, quote=theirs, of=of, status=status, row=row)


def pair_of(base: str, quote: str, *, small_k: bool = False) -> tuple[str, str]:
    """Base and quote as the tables spell them.

    Raises
    ------
    UnexpectedShape
        If one of them is no ticker of letters and digits.
    """
    if longer := [each for each in (base, quote) if len(each) > LONGEST_TICKER]:
        raise _no_ticker(longer[0])
    try:
        ours = read_base(base, small_k=small_k)
    except ValueError:
        raise _no_ticker(base) from None
    try:
        return ours, read_quote(quote)
    except ValueError:
        raise _no_ticker(quote) from None


def _no_ticker(said: str) -> UnexpectedShape:
    return UnexpectedShape(
        f"expected a ticker of letters and digits, got {composed(said[:LONGEST_TICKER])!r}"
    )


def instant_of(milliseconds: int | None, *, first: int = 0) -> datetime | None:
    """An instant of a contract's life; null where none is told, or none that will come.

    Parameters
    ----------
    milliseconds
        Since 1970; 0 is none.
    first
        Before that nothing was listed.

    Raises
    ------
    UnexpectedShape
    """
    if not milliseconds or milliseconds >= NO_END_MS:
        return None
    if milliseconds < max(first, 1):
        raise UnexpectedShape(f"it was listed or ends at an impossible time: {milliseconds}")
    return EPOCH + timedelta(milliseconds=milliseconds)


def whole_hours(minutes: int | None) -> int | None:
    """Hours between settlements; null where none is told.

    Raises
    ------
    UnexpectedShape
        If it is not 1 to 24 whole hours.
    """
    if not minutes:
        return None
    hours, rest = divmod(minutes, 60)
    if rest or not 1 <= hours <= MOST_HOURS:
        raise UnexpectedShape(
            f"expected 1 to {MOST_HOURS} whole hours between settlements, got {minutes} minutes"
        )
    return hours


def step_of(*factors: str | None) -> float | None:
    """A tick or step that is the product of numbers written as text; null where one is blank.

    Raises
    ------
    UnexpectedShape
        If it is not a number above nothing.
    """
    if any(not each for each in factors):
        return None
    try:
        step = float(math.prod(Decimal(each or "") for each in factors))
    except ArithmeticError:
        step = math.nan
    if not 0 < step < math.inf:
        raise UnexpectedShape(f"a tick or step is not positive: {' x '.join(map(str, factors))}")
    return step


def symbol_of(said: Names, *, small_k: bool) -> str | None:
    """The canonical name, null where base and quote are not told."""
    if not said.base or not said.quote:
        return None
    try:
        return perpetual(*pair_of(said.base, said.quote, small_k=small_k))
    except UnexpectedShape:
        return None
