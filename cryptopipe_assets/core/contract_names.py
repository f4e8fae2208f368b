"""Names of coins and of contracts as people and venues write them, read by one rule. Pure.

Venues list contracts of coins with Chinese names, of coins that are a digit, of futures with a date
(``BTCUSDT_260327``, ``BTCUSDT-27MAR26``, ``BTCUSDH26``), of a thousand coins (``1000PEPE``,
``kPEPE``, ``SHIB1000``), and keep a contract that ended beside its successor
(``ICPUSDT_SETTLED``, ``AERGOUSDTSETTLED``). Every door that meets such a name (cryptopipe.toml, a
venue's list, a landed file, a recorded folder) asks here what it is, so that all of them say the
same.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

COIN = r"[^\W_]+"
"""A coin's ticker: letters and digits of any script."""

CONTRACT = rf"{COIN}(?:[_:]{COIN})*"
"""The venue's own spelling of a contract, where a dash ends it: ``BTCUSDT``, ``BTCUSDT_260327``."""

PAIR = rf"(?P<base>{COIN})_(?P<quote>{COIN})_(?P=quote)"
"""Freqtrade's name of a contract that is settled in its quote: ``BTC_USDT_USDT``."""

MARGINED_IN_DOLLARS = "_UM"
"""Ends the quote of a contract in dollars that is margined in them, beside one that is not."""

_CAPITAL = r"[^\W\da-z_]"
_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DATE = rf"\d{{6}}(?:\d{{2}})?|\d{{1,2}}(?:{_MONTHS})\d{{2}}"
"""A day as venues write it: 260327, 20260327, 27MAR26."""

_THOUSAND = re.compile(rf"k(?={_CAPITAL})(?P<coin>{COIN})")
_BEHIND = re.compile(rf"(?P<coin>{_CAPITAL}[^\W_]*?[^\W\d_])(?P<multiplier>10{{3,}})")

Nature = Literal["perpetual", "dated", "option", "settled", "builder", "unknown"]

_NATURES: tuple[tuple[re.Pattern[str], Nature, str], ...] = (
    (
        re.compile(r"(?P<builder>[^:]+):(?P<pair>.+)"),
        "builder",
        "a market of the builder {builder}, not the venue's contract of {pair}",
    ),
    (
        re.compile(r"(?P<pair>.+?)[_-]?SETTLED\d*"),
        "settled",
        "a contract that was settled, kept under a name of its own; {pair} may be another one now",
    ),
    (
        re.compile(rf"(?P<pair>.+?)[_-](?:{_DATE})[_-][\d.]+[_-][CP](?:[_-]{COIN})?"),
        "option",
        "an option of {pair}; the tables hold perpetuals",
    ),
    (
        re.compile(rf"(?P<pair>.+?)(?:[_-](?:{_DATE})|(?<=USD|SDT|SDC)[FGHJKMNQUVXZ]\d{{2}})"),
        "dated",
        "a future of {pair} that ends on a date; the tables hold perpetuals",
    ),
    (
        re.compile(rf"(?P<pair>{COIN}(?:[_-]{COIN})*?)(?:[_-](?:PERP|PERPETUAL|SWAP))?"),
        "perpetual",
        "",
    ),
)


@dataclass(frozen=True, kw_only=True)
class ContractName:
    """A venue's name of a contract, and what it says.

    Attributes
    ----------
    text
        The name, its letters composed as everybody else composes them.
    pair
        Base and quote, without what else the name says.
    nature
        ``perpetual`` if the name says nothing else.
    why_not
        Why it is no perpetual's name, to be put after "is"; empty if it may be one.
    """

    text: str
    pair: str
    nature: Nature
    why_not: str


def read_contract_name(name: str) -> ContractName:
    """Read a name that a venue gives to a contract, e.g. ``BTCUSDT``."""
    text = composed(name)
    for pattern, nature, why_not in _NATURES:
        if found := pattern.fullmatch(text):
            parts = found.groupdict()
            return ContractName(
                text=text, pair=parts["pair"], nature=nature, why_not=why_not.format(**parts)
            )
    return ContractName(
        text=text,
        pair=text,
        nature="unknown",
        why_not="no name of a contract: expected letters and digits of any script",
    )


def read_base(name: str, *, small_k: bool = False) -> str:
    """Return what a contract's price is for as the tables spell it: ``1000PEPE``, ``BTC``.

    A multiplier stands before the coin: ``SHIB1000`` is ``1000SHIB``.

    Parameters
    ----------
    small_k
        Whether the venue writes a thousand as a small k: ``kPEPE`` is ``1000PEPE``.

    Raises
    ------
    ValueError
        If it is not of letters and digits.
    """
    base = composed(name)
    if small_k and (found := _THOUSAND.fullmatch(base)):
        base = f"1000{found['coin']}"
    if found := _BEHIND.fullmatch(base):
        base = f"{found['multiplier']}{found['coin']}"
    return read_coin(base)


def read_quote(name: str) -> str:
    """Return the currency of a contract as its symbol has it: ``USDT``, ``USD1``, ``USD_UM``.

    Raises
    ------
    ValueError
        If it is not of letters and digits.
    """
    said = composed(name)
    ticker = said.removesuffix(MARGINED_IN_DOLLARS)
    return read_coin(ticker) + said[len(ticker) :]


def read_coin(name: str) -> str:
    """Return a coin's ticker as the tables spell it: upper case, ``XAUt`` is ``XAUT``.

    Raises
    ------
    ValueError
        If it is not of letters and digits.
    """
    coin = composed(name.strip()).upper()
    if not re.fullmatch(COIN, coin):
        raise ValueError("expected a coin's ticker of letters and digits, of any script")
    return coin


def composed(text: str) -> str:
    """Return the text with each letter and its accents as one: disks and keyboards differ."""
    return unicodedata.normalize("NFC", text)
