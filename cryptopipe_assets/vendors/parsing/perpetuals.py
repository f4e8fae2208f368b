"""Perpetual contracts as their venue lists them. Pure: no network."""

from dataclasses import dataclass
from typing import Literal

from cryptopipe_assets.core.symbology import perpetual, split_multiplier

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
