"""What a folder holds: by the day or more rarely, and how many rows of a range."""

from dataclasses import dataclass
from datetime import date, datetime

Spans = dict[str, tuple[datetime, datetime]]


@dataclass(frozen=True, kw_only=True)
class DailyRecordings:
    """Recordings beside bars and settlements.

    Attributes
    ----------
    open_interest, funding
        Coinalyze's symbol to the opens of its first and last daily bar.
    points
        Binance's symbol to its first and last point of open interest.
    prices
        Coinbase's product to the opens of its first and last day.
    bases
        Coinalyze's symbol to the vendor's spelling of its base asset.
    listings
        Days of which there is a closing list of CoinMarketCap, ascending.
    tickers
        Coins of its lists, of the closing ones and of the captured ones.
    captures
        Instants at which its list was taken, ascending.
    charts
        CoinGecko's id to the first and last point of its chart, where a list tells its ticker.
    chart_ids
        Ticker to that id and the coin's name.
    markets
        Instants at which CoinGecko's list was taken, ascending.
    """

    open_interest: Spans
    points: Spans
    funding: Spans
    prices: Spans
    bases: dict[str, str]
    listings: tuple[date, ...]
    tickers: tuple[str, ...]
    captures: tuple[datetime, ...]
    charts: Spans
    chart_ids: dict[str, tuple[str, str]]
    markets: tuple[datetime, ...]


@dataclass(frozen=True, kw_only=True)
class RecordedRows:
    """How many rows of a table a folder holds of one series and range.

    Attributes
    ----------
    table, source
        Where the rows belong, and the vendor who sent them.
    symbol
        The vendor's spelling of the contract.
    """

    table: str
    source: str
    symbol: str
    rows: int
