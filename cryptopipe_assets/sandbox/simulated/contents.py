"""Everything that the vendors beyond Binance's bars and funding tell of the simulated market."""

from dataclasses import dataclass
from functools import lru_cache

from cryptopipe_assets.sandbox.contents.contents import Contents
from cryptopipe_assets.sandbox.simulated.binance_positions import SimulatedPositions
from cryptopipe_assets.sandbox.simulated.coinalyze import SimulatedCoinalyze
from cryptopipe_assets.sandbox.simulated.coinbase import SimulatedCoinbase
from cryptopipe_assets.sandbox.simulated.coingecko import SimulatedCoinGecko
from cryptopipe_assets.sandbox.simulated.coinmarketcap import SimulatedCoinMarketCap
from cryptopipe_assets.sandbox.simulated.funding import Funding
from cryptopipe_assets.sandbox.simulated.liquidations import Liquidations
from cryptopipe_assets.sandbox.simulated.market import Market
from cryptopipe_assets.sandbox.simulated.market_caps import MarketCaps
from cryptopipe_assets.sandbox.simulated.positions import Positions
from cryptopipe_assets.sandbox.simulated.venue_funding import Carry
from cryptopipe_assets.sandbox.simulated.venue_present import SimulatedVenues


@dataclass(frozen=True)
class SimulatedWorld:
    """The market and what stands on it, so that all vendors tell of the same one."""

    market: Market
    funding: Funding
    positions: Positions
    binance: SimulatedPositions
    contents: Contents


@lru_cache(maxsize=1)
def world(seed: int) -> SimulatedWorld:
    """Make the world of a seed; stand-ins at different times share what it has computed."""
    market = Market(seed)
    funding, caps = Funding(market), MarketCaps(market)
    positions, carry = Positions(market, caps), Carry(market, funding)
    binance = SimulatedPositions(positions, caps, seed)
    contents = Contents(
        binance=binance,
        venues=SimulatedVenues(market, positions, carry),
        coinalyze=SimulatedCoinalyze(positions, carry, Liquidations(market, positions)),
        coinmarketcap=SimulatedCoinMarketCap(caps),
        coingecko=SimulatedCoinGecko(caps),
        coinbase=SimulatedCoinbase(caps),
    )
    return SimulatedWorld(market, funding, positions, binance, contents)
