"""How far back the history of vendors goes. Real ones are all alike; recordings differ."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from cryptopipe_assets.config.settings import History
from cryptopipe_assets.vendors.coinalyze.terms import HOURS_KEPT


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """How far back which history goes.

    Attributes
    ----------
    first_day
        Where the tables begin; nothing before it is requested.
    coinalyze_hours
        How long Coinalyze keeps hourly bars for sure; older days are requested as daily bars,
        which it keeps. A recording has daily ones only.
    listing_days
        Days of which CoinMarketCap has a listing; null for all of them.
    charted
        Ticker to id and name of CoinGecko's charts that there are; null where its list tells them.
    venues
        Venues that there is something of; null for all of them.
    exchange_funding, coinbase_prices, coinalyze_funding
        Whether to request these too; see ``[collect]`` of cryptopipe.toml.
    """

    first_day: date = History().start
    coinalyze_hours: timedelta = HOURS_KEPT
    listing_days: Collection[date] | None = None
    charted: Mapping[str, tuple[str, str]] | None = None
    venues: Collection[str] | None = None
    exchange_funding: bool = False
    coinbase_prices: bool = False
    coinalyze_funding: bool = False

    def reaches(self, venue: str) -> bool:
        """Whether a venue can be asked at all."""
        return self.venues is None or venue in self.venues

    def has_listing(self, day: date) -> bool:
        """Whether there is a listing of the close of ``day``."""
        return self.listing_days is None or day in self.listing_days
