"""Perpetual contracts as their venue lists them. Pure: no network."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cryptopipe_assets.core.symbology import perpetual, split_multiplier
from cryptopipe_assets.vendors.parsing.one_by_one import Judged, apart
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

MarginType = Literal["linear", "inverse"]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A perpetual that a venue lists.

    Parameters
    ----------
    vendor_symbol, symbol, coin
        The venue's name, the canonical one, and what is behind it: ``1000PEPE-USDT-PERP`` is of
        coin ``PEPE``.
    margin_type
        ``linear`` is margined and settled in the quote currency, ``inverse`` in the coin.
    contract_size
        What one contract is: units of the base if linear, dollars if inverse.
    """

    vendor_symbol: str
    symbol: str
    coin: str
    margin_type: MarginType
    contract_size: float = 1.0


def contract_of(
    vendor_symbol: str,
    base: str,
    *,
    quote: str,
    margin_type: MarginType,
    contract_size: float = 1.0,
) -> Contract:
    """Name the perpetual of ``base`` against ``quote``."""
    return Contract(
        vendor_symbol=vendor_symbol,
        symbol=perpetual(base, quote),
        coin=split_multiplier(base)[0],
        margin_type=margin_type,
        contract_size=contract_size,
    )


def by_vendor_symbol(contracts: Iterable[Contract]) -> dict[str, Contract]:
    """Return the contracts by the venue's own name, sorted by it.

    Raises
    ------
    UnexpectedShape
        If there is no contract, or two have one name, canonical or the venue's.
    """
    named: dict[str, Contract] = {}
    taken: dict[str, str] = {}
    for each in sorted(contracts, key=lambda contract: contract.vendor_symbol):
        if each.vendor_symbol in named or each.symbol in taken:
            twin = taken.get(each.symbol, each.vendor_symbol)
            raise UnexpectedShape(
                f"two contracts of one name: {twin} and {each.vendor_symbol} are both {each.symbol}"
            )
        named[each.vendor_symbol], taken[each.symbol] = each, each.vendor_symbol
    if not named:
        raise UnexpectedShape("expected the perpetuals that are listed, got none")
    return named


def told_apart(found: Judged[Contract]) -> Judged[Contract]:
    """The contracts of which no two have one name, the venue's or the canonical; others fail.

    Raises
    ------
    UnexpectedShape
        If there is no contract, or more fail than are sound.
    """
    for same in (lambda each: each.vendor_symbol), (lambda each: each.symbol):
        apart(found, same, lambda each: (each.vendor_symbol, each.coin))
    if not found.sound:
        raise UnexpectedShape("expected the perpetuals that are listed, got none")
    return found
