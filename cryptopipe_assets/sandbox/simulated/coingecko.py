"""CoinGecko's view of the simulated market: prices, caps and candles by coin id."""

import numpy as np

from cryptopipe_assets.core.time import HOUR_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.contents import Row
from cryptopipe_assets.sandbox.contents.noise import Ints
from cryptopipe_assets.sandbox.contents.times import instant_of
from cryptopipe_assets.sandbox.simulated.asset import Asset
from cryptopipe_assets.sandbox.simulated.market_caps import SINCE, MarketCaps, Standing


class SimulatedCoinGecko:
    """Every coin of the market-cap lists, since September 2019."""

    def __init__(self, caps: MarketCaps) -> None:
        self._caps = caps

    def markets(self, now: int) -> list[Row]:
        """Every coin, as refreshed at the last full minute."""
        minute = now - now % MINUTE_MS
        return [_row(each, updated=minute) for each in self._caps.ranking(minute)]

    def known(self, coin_id: str, now: int) -> bool:
        """Whether the id is active: a coin that was dropped is not found any more."""
        asset = self._caps.by_gecko_id.get(coin_id)
        return asset is not None and asset.listed(now)

    def chart(
        self, coin_id: str, *, start: int, width: int, now: int
    ) -> dict[str, list[list[float]]]:
        """Points on whole multiples of ``width``, and the present as the last one."""
        asset = self._caps.by_gecko_id[coin_id]
        instants = np.append(_grid(asset, start, width, now), now)
        prices = self._caps.prices(asset, instants)
        columns = {
            "prices": prices,
            "market_caps": prices * self._caps.circulating(asset, instants),
            "total_volumes": self._caps.volumes(asset, instants),
        }
        return {
            name: [list(point) for point in zip(instants.tolist(), column.tolist(), strict=True)]
            for name, column in columns.items()
        }

    def candles(self, coin_id: str, *, start: int, width: int, now: int) -> list[list[float]]:
        """Candles over prices five minutes or an hour apart, stamped with their close."""
        asset = self._caps.by_gecko_id[coin_id]
        closes = _grid(asset, start, width, now)
        step = HOUR_MS if width > HOUR_MS else 5 * MINUTE_MS
        steps = np.arange(width // step + 1) * step - width
        instants = np.maximum(closes[:, None] + steps, max(asset.added, SINCE))
        prices = self._caps.prices(asset, instants.ravel()).reshape(instants.shape)
        columns = (
            closes,
            prices[:, 0],
            prices.max(axis=1),
            prices.min(axis=1),
            prices[:, -1],
        )
        return [list(row) for row in zip(*(each.tolist() for each in columns), strict=True)]


def _grid(asset: Asset, start: int, width: int, now: int) -> Ints:
    """Multiples of ``width`` after ``start``, while the coin is listed, before ``now``."""
    first = max(start, asset.added, SINCE) // width + 1
    return np.arange(first, max(first, -(-now // width))) * width


def _row(standing: Standing, *, updated: int) -> Row:
    """Write one row of ``coins/markets``."""
    asset, price, day_ago = standing.asset, standing.price, standing.earlier[1]
    return {
        "id": asset.gecko_id,
        "symbol": asset.symbol.lower(),
        "name": asset.name,
        "image": f"https://coin-images.coingecko.com/coins/images/{asset.cmc_id}/large/coin.png",
        "current_price": price,
        "market_cap": standing.market_cap,
        "market_cap_rank": standing.rank,
        "fully_diluted_valuation": price * (standing.maximum or standing.total),
        "total_volume": standing.volume_24h,
        "high_24h": max(price, day_ago),
        "low_24h": min(price, day_ago),
        "price_change_24h": price - day_ago,
        "price_change_percentage_24h": round(100 * (price / day_ago - 1), 5),
        "circulating_supply": standing.circulating,
        "total_supply": standing.total,
        "max_supply": standing.maximum,
        "roi": None,
        "last_updated": f"{instant_of(updated):%Y-%m-%dT%H:%M:%S}.{updated % 1000:03}Z",
    }
