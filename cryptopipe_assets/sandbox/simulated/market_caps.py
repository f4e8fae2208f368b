"""Market caps of the simulated market: prices, supplies, volumes and ranks at any instant."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.noise import Floats, Ints, grain, wander
from cryptopipe_assets.sandbox.simulated.asset import Asset, Pegged, Traded
from cryptopipe_assets.sandbox.simulated.assets import ASSETS
from cryptopipe_assets.sandbox.simulated.market import FIRST_DAY, Market
from cryptopipe_assets.sandbox.simulated.small_coins import small_coins

SINCE = FIRST_DAY * DAY_MS  # nothing is known of the time before
_RESTLESS = (0.25, 1.0, 4.0, 16.0, 64.0, 256.0)  # days between the turns of a small coin's price
_BUSY = (0.5, 3.0, 20.0)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One coin at one instant, in USD and coins.

    ``rank`` is null and ``circulating`` 0 while nobody vouches for the supply; ``maximum`` is
    null without a cap. ``earlier`` are the prices 1 hour, 24 hours and 7 days before.
    """

    asset: Asset
    rank: int | None
    price: float
    circulating: float
    total: float
    maximum: float | None
    market_cap: float
    volume_24h: float
    earlier: tuple[float, float, float]


class MarketCaps:
    """Every listed coin, a pure function of seed and time."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.assets = (*ASSETS, *small_coins(market.seed))
        self.by_gecko_id = {asset.gecko_id: asset for asset in self.assets}
        self.ranking = lru_cache(maxsize=32)(self._ranking)

    def asset_of(self, ticker: str) -> Asset:
        """Return the coin behind a contract, by its ticker."""
        return next(
            asset
            for asset in self.assets
            if isinstance(asset.priced, Traded) and asset.symbol == ticker
        )

    def prices(self, asset: Asset, instants: Ints) -> Floats:
        """USD at each instant; those of coins with a contract are the contract's own."""
        priced = asset.priced
        instants = np.maximum(instants, SINCE)
        if isinstance(priced, Traded):
            return self._market.closes(priced.coin, instants) / priced.coin.units
        seed, name = self._market.seed, asset.gecko_id
        if isinstance(priced, Pegged):
            whole = instants - instants % MINUTE_MS
            base = 1.0 if priced.coin is None else self._market.closes(priced.coin, instants)
            held: Floats = base * priced.ratio * (1 + 4e-4 * grain(seed, f"peg {name}", whole))
            return held
        day, within = np.divmod(instants, DAY_MS)
        mood = self._market.sentiment()
        today, tomorrow = mood[day - FIRST_DAY], mood[day - FIRST_DAY + 1]
        market = today + (tomorrow - today) * within / DAY_MS
        own = priced.restlessness * wander(seed, f"price {name}", instants, _RESTLESS)
        drifted: Floats = priced.price * np.exp(priced.beta * market + own)
        return drifted

    def circulating(self, asset: Asset, instants: Ints) -> Floats:
        """Coins in circulation as vendors state them: 0 until somebody vouches for them."""
        return np.where(instants >= asset.verified, asset.supply.circulating(instants), 0.0)

    def volumes(self, asset: Asset, instants: Ints) -> Floats:
        """USD that changed hands in the 24 hours before each instant, on all spot markets."""
        cap = self.prices(asset, instants) * asset.supply.circulating(instants)
        return cap * self._turned(asset, instants)

    def _ranking(self, instant: int) -> tuple[Standing, ...]:
        """Every coin listed at an instant: the ranked ones by market cap, then the unvouched."""
        listed = [asset for asset in self.assets if asset.listed(instant)]
        standings = sorted(
            (self._standing(asset, instant) for asset in listed),
            key=lambda each: (-each.market_cap, each.asset.cmc_id),
        )
        return tuple(
            replace(each, rank=place if each.market_cap else None)
            for place, each in enumerate(standings, start=1)
        )

    def _standing(self, asset: Asset, instant: int) -> Standing:
        now = np.array([instant])
        hour = instant - instant % HOUR_MS
        four = np.array([instant, hour - HOUR_MS, hour - DAY_MS, hour - 7 * DAY_MS])
        price, *earlier = self.prices(asset, four).tolist()
        circulating = float(asset.supply.circulating(now)[0])
        maximum = asset.supply.maximum(now)
        vouched = circulating if instant >= asset.verified else 0.0
        return Standing(
            asset=asset,
            rank=None,
            price=price,
            circulating=vouched,
            total=float(asset.supply.total(now)[0]),
            maximum=None if maximum is None else float(maximum[0]),
            market_cap=price * vouched,
            volume_24h=price * circulating * float(self._turned(asset, now)[0]),
            earlier=(earlier[0], earlier[1], earlier[2]),
        )

    def _turned(self, asset: Asset, instants: Ints) -> Floats:
        """Share of the market cap that changed hands in the 24 hours before each instant."""
        busy = wander(self._market.seed, f"volume {asset.gecko_id}", instants, _BUSY)
        share: Floats = asset.turnover * np.exp(0.4 * busy)
        return share
