"""The venues of the simulated market: what each lists, since when, and under which names.

One entry a venue; contracts, funding and what Coinalyze tells of it follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

WITH_INVERSE = ("BTC", "ETH", "SOL")


@dataclass(frozen=True, kw_only=True)
class Linear:
    """Perpetuals of all coins, margined in dollars.

    Parameters
    ----------
    symbol
        The venue's name of a contract, made from its ``{base}``.
    weight
        Typical share of all open interest in a coin.
    opened, later
        First day of the venue, and how many days after Binance it lists a coin.
    thousand
        What precedes the ticker where 1000 coins are priced together (``1000PEPE``, ``kPEPE``);
        null where the venue prices one coin.
    sizes
        Base units of a contract by ticker, 1 unless given, where the venue counts contracts.
    lists_usdc
        Whether the stablecoin has a perpetual, too.
    hourly_funding
        Whether all contracts settle every hour, and not as they do on Binance.
    """

    symbol: str
    weight: float
    opened: date
    later: int = 0
    thousand: str | None = None
    quote: str = "USDT"
    settle: str = "USDT"
    sizes: Mapping[str, float] = field(default_factory=dict)
    lists_usdc: bool = False
    hourly_funding: bool = False


@dataclass(frozen=True, kw_only=True)
class Inverse:
    """Perpetuals of a few coins, margined in the coin. A contract is worth so many USD.

    Parameters
    ----------
    symbol, weight, opened
        As of ``Linear``.
    sizes
        USD of a contract by ticker, 1 unless given.
    coins
        Tickers that have one.
    """

    symbol: str
    weight: float
    opened: date
    sizes: Mapping[str, float] = field(default_factory=dict)
    coins: tuple[str, ...] = WITH_INVERSE


@dataclass(frozen=True, kw_only=True)
class Venue:
    """One exchange.

    Parameters
    ----------
    coinalyze
        Coinalyze's letter for it; null where it does not cover the venue.
    spelled_its_way
        Whether Coinalyze's names of contracts are the venue's, before the letter.
    """

    name: str
    coinalyze: str | None = None
    spelled_its_way: bool = False
    linear: Linear | None = None
    inverse: Inverse | None = None


_LARGE = {"BTC": 100.0, "ETH": 10.0, "SOL": 10.0}
_OKX_SIZES = {
    "BTC": 0.01,
    "ETH": 0.1,
    "XRP": 100,
    "BNB": 0.01,
    "DOGE": 1000,
    "ADA": 100,
    "PEPE": 10_000_000,
    "HYPE": 0.1,
}
_GATE_SIZES = {"BTC": 0.0001, "ETH": 0.01, "XRP": 10, "DOGE": 10, "PEPE": 10_000_000}

_EVERY = (
    Venue(
        name="binance",
        coinalyze="A",
        linear=Linear(
            symbol="{base}USDT",
            weight=0.4,
            opened=date(2019, 9, 8),
            thousand="1000",
            lists_usdc=True,
        ),
        inverse=Inverse(
            symbol="{base}USD_PERP", weight=0.05, opened=date(2020, 8, 10), sizes=_LARGE
        ),
    ),
    Venue(
        name="bybit",
        coinalyze="6",
        spelled_its_way=True,
        linear=Linear(
            symbol="{base}USDT",
            weight=0.2,
            opened=date(2020, 3, 25),
            later=20,
            thousand="1000",
            lists_usdc=True,
        ),
        inverse=Inverse(symbol="{base}USD", weight=0.04, opened=date(2019, 9, 1)),
    ),
    Venue(
        name="okx",
        coinalyze="3",
        linear=Linear(
            symbol="{base}-USDT-SWAP",
            weight=0.12,
            opened=date(2019, 12, 1),
            later=40,
            sizes=_OKX_SIZES,
        ),
        inverse=Inverse(
            symbol="{base}-USD-SWAP", weight=0.03, opened=date(2019, 9, 1), sizes=_LARGE
        ),
    ),
    Venue(
        name="gate",
        coinalyze="Y",
        spelled_its_way=True,
        linear=Linear(
            symbol="{base}_USDT",
            weight=0.08,
            opened=date(2020, 1, 1),
            later=60,
            sizes=_GATE_SIZES,
        ),
    ),
    Venue(
        name="hyperliquid",
        coinalyze="H",
        spelled_its_way=True,
        linear=Linear(
            symbol="{base}",
            weight=0.12,
            opened=date(2023, 6, 15),
            later=10,
            thousand="k",
            quote="USD",
            settle="USDC",
            hourly_funding=True,
        ),
    ),
    Venue(
        name="bitmex",
        coinalyze="0",
        inverse=Inverse(symbol="XBTUSD", weight=0.02, opened=date(2019, 9, 1), coins=("BTC",)),
    ),
    Venue(
        name="deribit",
        coinalyze="2",
        inverse=Inverse(
            symbol="{base}-PERPETUAL",
            weight=0.03,
            opened=date(2019, 9, 1),
            coins=("BTC", "ETH"),
        ),
    ),
)
VENUES = {each.name: each for each in _EVERY}
