"""CoinMarketCap's listings of the simulated market."""

from datetime import UTC, date

from cryptopipe_assets.core.time import DAY_MS, MINUTE_MS
from cryptopipe_assets.sandbox.contents.contents import Row
from cryptopipe_assets.sandbox.contents.times import instant_of, stamp_of
from cryptopipe_assets.sandbox.simulated.market_caps import SINCE, MarketCaps, Standing


class SimulatedCoinMarketCap:
    """Listings at any instant since September 2019."""

    def __init__(self, caps: MarketCaps) -> None:
        self._caps = caps

    def latest(self, now: int) -> list[Row]:
        """Every coin, as refreshed at the last full minute."""
        minute = now - now % MINUTE_MS
        return [_row(each, updated=minute) for each in self._caps.ranking(minute)]

    def historical(self, day: date, now: int) -> list[Row] | None:
        """Every coin at the close of a day that is over."""
        end = stamp_of(day) + DAY_MS
        if end > now or end <= SINCE + 7 * DAY_MS:
            return None
        return [_row(each, updated=end - 1000) for each in self._caps.ranking(end)]


def _row(standing: Standing, *, updated: int) -> Row:
    """Write one coin; ``updated`` is the vendor's stamp in milliseconds."""
    asset, stamp = standing.asset, _iso(updated)
    return {
        "id": asset.cmc_id,
        "name": asset.name,
        "symbol": asset.symbol,
        "slug": asset.name.lower().replace(" ", "-"),
        "num_market_pairs": 100,
        "date_added": _iso(asset.added),
        "tags": [],
        "max_supply": standing.maximum,
        "infinite_supply": standing.maximum is None,
        "circulating_supply": standing.circulating,
        "total_supply": standing.total,
        "platform": None,
        "cmc_rank": standing.rank,
        "last_updated": stamp,
        "quote": {
            "USD": {
                "price": standing.price,
                "volume_24h": standing.volume_24h,
                **_changes(standing),
                "market_cap": standing.market_cap,
                "fully_diluted_market_cap": standing.price * (standing.maximum or standing.total),
                "last_updated": stamp,
            }
        },
    }


def _changes(standing: Standing) -> Row:
    """Percent since an hour, a day and a week ago."""
    names = ("percent_change_1h", "percent_change_24h", "percent_change_7d")
    return {
        name: round(100 * (standing.price / before - 1), 8)
        for name, before in zip(names, standing.earlier, strict=True)
    }


def _iso(instant: int) -> str:
    return f"{instant_of(instant).astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant % 1000:03}Z"
