"""The coins with a name in the market-cap lists: those with a perpetual, their twins, the dollar.

Ids and dates are the vendors' own, as far as they are widely known; everything else is invented.
"""

from datetime import date

from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.simulated.asset import Asset, Drifting, Pegged, Traded
from cryptopipe_assets.sandbox.simulated.coins import COINS
from cryptopipe_assets.sandbox.simulated.supply import Supply
from cryptopipe_assets.sandbox.simulated.supply_schedules import SUPPLIES

_BY_TICKER = {coin.ticker: coin for coin in COINS}
_LUNA_DROPPED = stamp_of(date(2022, 5, 28))


def _traded(
    symbol: str, name: str, *, ids: tuple[int, str], added: date, retired: int | None = None
) -> Asset:
    """Describe a coin that the simulated exchange has a contract of."""
    return Asset(
        cmc_id=ids[0],
        gecko_id=ids[1],
        symbol=symbol,
        name=name,
        added=stamp_of(added),
        verified=stamp_of(added),
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
        added=stamp_of(added),
        verified=stamp_of(added),
        supply=SUPPLIES[symbol.upper()],
        priced=Pegged(None if to is None else _BY_TICKER[to]),
        turnover=turnover,
    )


def _untraded(symbol: str, name: str, *, ids: tuple[int, str], added: date, price: float) -> Asset:
    """Describe a coin without a contract; most of it circulates."""
    return Asset(
        cmc_id=ids[0],
        gecko_id=ids[1],
        symbol=symbol,
        name=name,
        added=stamp_of(added),
        verified=stamp_of(added),
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
    _traded("LTC", "Litecoin", ids=(2, "litecoin"), added=date(2013, 4, 28)),
    _traded("BCH", "Bitcoin Cash", ids=(1831, "bitcoin-cash"), added=date(2017, 7, 23)),
    _traded("TRX", "TRON", ids=(1958, "tron"), added=date(2017, 9, 13)),
    _traded("DOT", "Polkadot", ids=(6636, "polkadot"), added=date(2020, 8, 19)),
    _traded("UNI", "Uniswap", ids=(7083, "uniswap"), added=date(2020, 9, 17)),
    _traded("AAVE", "Aave", ids=(7278, "aave"), added=date(2020, 10, 2)),
    _traded("ATOM", "Cosmos Hub", ids=(3794, "cosmos"), added=date(2019, 3, 14)),
    _traded("NEAR", "NEAR Protocol", ids=(6535, "near"), added=date(2020, 10, 14)),
    _traded("FIL", "Filecoin", ids=(2280, "filecoin"), added=date(2020, 10, 15)),
    _traded("INJ", "Injective", ids=(7226, "injective-protocol"), added=date(2020, 10, 21)),
    _traded("OP", "Optimism", ids=(11840, "optimism"), added=date(2022, 6, 1)),
    _traded("APT", "Aptos", ids=(21794, "aptos"), added=date(2022, 10, 19)),
    _traded("FET", "Fetch.ai", ids=(3773, "fetch-ai"), added=date(2019, 3, 2)),
    _traded("ARB", "Arbitrum", ids=(11841, "arbitrum"), added=date(2023, 3, 23)),
    _traded("SUI", "Sui", ids=(20947, "sui"), added=date(2023, 5, 3)),
    _traded("WLD", "Worldcoin", ids=(13502, "worldcoin-wld"), added=date(2023, 7, 24)),
    _traded("SEI", "Sei", ids=(23149, "sei-network"), added=date(2023, 8, 15)),
    _traded("TIA", "Celestia", ids=(22861, "celestia"), added=date(2023, 10, 31)),
    _traded("ONDO", "Ondo", ids=(21159, "ondo-finance"), added=date(2024, 1, 18)),
    _traded("WIF", "dogwifhat", ids=(28752, "dogwifcoin"), added=date(2023, 12, 17)),
    _traded("JUP", "Jupiter", ids=(29210, "jupiter-exchange-solana"), added=date(2024, 1, 31)),
    _traded("ENA", "Ethena", ids=(30171, "ethena"), added=date(2024, 4, 2)),
    _traded("TAO", "Bittensor", ids=(22974, "bittensor"), added=date(2023, 3, 6)),
    _traded("RENDER", "Render", ids=(5690, "render-token"), added=date(2020, 6, 10)),
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
    _untraded(
        "PEPE", "Based Pepe", ids=(31800, "based-pepe"), added=date(2024, 5, 2), price=0.0021
    ),
    _untraded("TON", "TON Token", ids=(3702, "tontoken"), added=date(2020, 5, 7), price=0.0013),
    # Their contracts ended when they merged with FET; what was not converted is still listed.
    _untraded(
        "AGIX", "SingularityNET", ids=(2424, "singularitynet"), added=date(2018, 1, 22), price=0.011
    ),
    _untraded(
        "OCEAN", "Ocean Protocol", ids=(3911, "ocean-protocol"), added=date(2019, 5, 6), price=0.018
    ),
)
