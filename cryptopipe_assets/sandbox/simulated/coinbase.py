"""Spot products of the simulated market, day by day in USD."""

import numpy as np

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS
from cryptopipe_assets.sandbox.contents.contents import Row
from cryptopipe_assets.sandbox.simulated.asset import Asset, Drifting, Traded
from cryptopipe_assets.sandbox.simulated.market_caps import SINCE, MarketCaps

_NOT_LISTED = ("BNB", "USDC", "LUNA")
_SHARE = 0.04  # of a coin's turnover is Coinbase's
_FOUR_HOURS = np.arange(7) * 4 * HOUR_MS


class SimulatedCoinbase:
    """Every second small coin and most of the large ones; a ticker names one coin only."""

    def __init__(self, caps: MarketCaps) -> None:
        self._caps = caps
        listed = [asset for asset in caps.assets if _is_listed(asset)]
        self._assets = {f"{asset.symbol}-USD": asset for asset in reversed(listed)}

    def products(self, now: int) -> list[Row]:
        """Rows of ``/products``."""
        return [
            {
                "id": product,
                "base_currency": asset.symbol,
                "quote_currency": "USD",
                "display_name": product,
                "status": "online",
                "trading_disabled": False,
            }
            for product, asset in sorted(self._assets.items())
            if asset.listed(now)
        ]

    def candles(self, product: str, *, start: int, end: int, now: int) -> list[list[float]] | None:
        """Days that open in ``[start, end)``, newest first; the running day so far."""
        asset = self._assets.get(product)
        if asset is None or asset.added > now:
            return None
        first = -(-max(start, asset.added, SINCE) // DAY_MS)
        last = -(-min(end, now + 1, asset.retired or end) // DAY_MS)
        opens = np.arange(first, max(first, last)) * DAY_MS
        instants = np.minimum(opens[:, None] + _FOUR_HOURS, now)
        prices = self._caps.prices(asset, instants.ravel()).reshape(instants.shape)
        volume = _SHARE * self._caps.volumes(asset, instants[:, -1]) / prices[:, -1]
        columns = (
            opens // 1000,
            prices.min(axis=1),
            prices.max(axis=1),
            prices[:, 0],
            prices[:, -1],
            np.round(volume, 8),
        )
        days = [list(row) for row in zip(*(each.tolist() for each in columns), strict=True)]
        return days[::-1]


def _is_listed(asset: Asset) -> bool:
    if isinstance(asset.priced, Drifting):
        return asset.cmc_id % 2 == 0
    return isinstance(asset.priced, Traded) and asset.symbol not in _NOT_LISTED
