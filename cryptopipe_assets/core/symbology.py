"""Canonical instrument names.

An instrument is ``BASE-QUOTE-KIND``: ``BTC-USDT-PERP``, ``1000PEPE-USDT-PERP``. The base is the
unit that the contract's price is quoted for, so a multiplied contract keeps its prefix in the
name; the *coin* behind it and the multiplier are separate facts (``PEPE``, 1000). A vendor's own
spelling is mapped by its list of instruments, never by gluing strings.
"""

import re

from cryptopipe_assets.core.contract_names import composed
from cryptopipe_assets.core.errors import RequestError

# A coin begins with a letter of any script; venues spell tickers in capitals.
_PREFIX = re.compile(r"(?P<multiplier>10{3,12}|1M)(?P<coin>[^\W\da-z_][^\Wa-z_]*)")

# Coins whose own ticker begins like a multiplier.
_NOT_MULTIPLIED = frozenset({"1000X"})

_CANONICAL = re.compile(r"[^\s-]+-[^\s-]+-PERP")


def perpetual(base: str, quote: str) -> str:
    """Name the perpetual swap of ``base`` against ``quote``."""
    return f"{base}-{quote}-PERP"


def split_multiplier(base: str) -> tuple[str, int]:
    """Return the coin behind a contract's base and how many coins one base unit is.

    ``1000PEPE`` is (``PEPE``, 1000), ``1MBABYDOGE`` is (``BABYDOGE``, 1000000) and ``1INCH`` is
    itself.
    """
    found = _PREFIX.fullmatch(base)
    if found is None or base in _NOT_MULTIPLIED:
        return base, 1
    multiplier = found["multiplier"]
    return found["coin"], 1_000_000 if multiplier == "1M" else int(multiplier)


def canonical(name: str) -> str:
    """Return ``name`` as a canonical perpetual, upper case.

    Raises
    ------
    RequestError
        If it is not of the form BASE-QUOTE-PERP.
    """
    symbol = composed(name.strip()).upper()
    if not _CANONICAL.fullmatch(symbol):
        raise RequestError(
            f"unknown symbol {name!r}: expected BASE-QUOTE-PERP such as BTC-USDT-PERP"
        )
    return symbol
