"""The coins with a name in the market-cap lists: those with a perpetual, their twins, the dollar.

Ids and dates are the vendors' own, as far as they are widely known; everything else is invented.
"""

from datetime import date

from cryptopipe_assets.sandbox.asset import Asset, Drifting, Pegged, Traded
from cryptopipe_assets.sandbox.coins import COINS
from cryptopipe_assets.sandbox.source import milliseconds
from cryptopipe_assets.sandbox.supply import Supply
from cryptopipe_assets.sandbox.supply_schedules import SUPPLIES

_BY_TICKER = {coin.ticker: coin for coin in COINS}
_LUNA_DROPPED = milliseconds(date(2022, 5, 28))


def _traded(
    symbol: str, name: str, *, ids: tuple[int, str], added: date, retired: int | None = None
) -> Asset:
    """Describe a coin that the simulated exchange has a contract of."""
    return Asset(
        cmc_id=ids[0],
        gecko_id=ids[1],
        symbol=symbol,
        name=name,
        added=milliseconds(added),
        verified=milliseconds(added),
        retired=retired,
        supply=SUPPLIES[symbol],
        priced=Traded(_BY_TICKER[symbol]),
        turnover=0.06,
    )


def _pegged(
    symbol: str, name: str, *, ids: tuple[int, str], added: date, to: str | None, turnover: float
) -> Asset:
    """Describe a coin that is worth what another one is; its ticker may be in lower case."""
    return Asset(
        cmc_id=ids[0],
        gecko_id=ids[1],
        symbol=symbol,
        name=name,
        added=milliseconds(added),
        verified=milliseconds(added),
        supply=SUPPLIES[symbol.upper()],
        priced=Pegged(None if to is None else _BY_TICKER[to]),
        turnover=turnover,
    )


def _namesake(symbol: str, name: str, *, ids: tuple[int, str], added: date, price: float) -> Asset:
    """Describe a small coin that shares its ticker with a large one."""
    return Asset(
        cmc_id=ids[0],
        gecko_id=ids[1],
        symbol=symbol,
        name=name,
        added=milliseconds(added),
        verified=milliseconds(added),
        supply=Supply(knots=((added, 9e9),), created=1e10, cap=1e10),
        priced=Drifting(price=price, beta=1.6, restlessness=0.6),
        turnover=0.03,
    )


ASSETS: tuple[Asset, ...] = (
    _traded("BTC", "Bitcoin", ids=(1, "bitcoin"), added=date(2013, 4, 28)),
    _traded("ETH", "Ethereum", ids=(1027, "ethereum"), added=date(2015, 8, 7)),
    _traded("SOL", "Solana", ids=(5426, "solana"), added=date(2020, 4, 10)),
    _traded("XRP", "XRP", ids=(52, "ripple"), added=date(2013, 8, 4)),
    _traded("BNB", "BNB", ids=(1839, "binancecoin"), added=date(2017, 7, 25)),
    _traded("DOGE", "Dogecoin", ids=(74, "dogecoin"), added=date(2013, 12, 15)),
    _traded("ADA", "Cardano", ids=(2010, "cardano"), added=date(2017, 10, 1)),
    _traded("LINK", "Chainlink", ids=(1975, "chainlink"), added=date(2017, 9, 20)),
    _traded("AVAX", "Avalanche", ids=(5805, "avalanche-2"), added=date(2020, 9, 22)),
    _traded("PEPE", "Pepe", ids=(24478, "pepe"), added=date(2023, 4, 17)),
    _traded("HYPE", "Hyperliquid", ids=(32196, "hyperliquid"), added=date(2024, 11, 29)),
    _traded("USDC", "USDC", ids=(3408, "usd-coin"), added=date(2018, 10, 8)),
    _traded(
        "LUNA",
        "Terra",
        ids=(4172, "terra-luna"),
        added=date(2019, 7, 26),
        retired=_LUNA_DROPPED,
    ),
    _traded("TON", "Toncoin", ids=(11419, "the-open-network"), added=date(2021, 8, 26)),
    _pegged(
        "USDT", "Tether USDt", ids=(825, "tether"), added=date(2015, 2, 25), to=None, turnover=0.7
    ),
    _pegged(
        "WBTC",
        "Wrapped Bitcoin",
        ids=(3717, "wrapped-bitcoin"),
        added=date(2019, 1, 30),
        to="BTC",
        turnover=0.03,
    ),
    _pegged(
        "stETH",
        "Lido Staked Ether",
        ids=(8085, "staked-ether"),
        added=date(2020, 12, 23),
        to="ETH",
        turnover=0.004,
    ),
    _namesake(
        "PEPE", "Based Pepe", ids=(31800, "based-pepe"), added=date(2024, 5, 2), price=0.0021
    ),
    _namesake("TON", "TON Token", ids=(3702, "tontoken"), added=date(2020, 5, 7), price=0.0013),
)
