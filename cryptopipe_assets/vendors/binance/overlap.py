"""Whether Binance's archive and its REST say the same of the same instants.

Labels of the archive's files have changed their meaning before without a change of shape. Where
both tell of an instant, the values must be equal. One file of one contract a run is compared,
another contract every day: a new convention comes over all of them at once.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.open_interest import (
    BY_REST,
    metrics_of_day,
    open_interest_history,
)
from cryptopipe_assets.vendors.binance.parse_klines import AMOUNTS, PRICES
from cryptopipe_assets.vendors.binance.transports import DAYS_UNTIL_PUBLISHED
from cryptopipe_assets.vendors.binance.ways import File
from cryptopipe_assets.vendors.parsing.silence import CONTRADICTORY, SILENT
from cryptopipe_assets.vendors.protocols import FiledDays, Told

DAYS_UNTIL_A_MONTH_IS_PUBLISHED = 7
"""A month's file appears on the first Monday after it."""


@dataclass(frozen=True)
class Overlap:
    """What both told of one contract.

    Attributes
    ----------
    instants
        How many both have.
    differing
        Those of them whose value is another one, ascending.
    said
        What differs, for a person; null if nothing does.
    """

    instants: int
    differing: tuple[datetime, ...]
    said: str | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """How rows of one kind are compared.

    Attributes
    ----------
    name
        The archive's files and the endpoint.
    rows
        What the rows are, in the plural.
    figures
        The columns that must be equal.
    file
        One file of the archive: of a day, or of a month where ``by_month``.
    rest
        The same rows by REST, at an instant.
    relative, absolute
        How far apart two figures may be that are the same.
    judged
        Rows that are compared, if not all; one that is not believed anyway is no disagreement.
    """

    name: str
    rows: str
    figures: tuple[str, ...]
    file: Callable[[BinanceArchive], File[pl.DataFrame]]
    rest: Callable[[Binance, datetime], Told]
    by_month: bool = False
    relative: float = 0.0
    absolute: float = 0.0
    judged: pl.Expr | None = None

    def days(self, now: datetime) -> FiledDays:
        """Days of the newest file that the archive should have."""
        if not self.by_month:
            day = now.date() - DAYS_UNTIL_PUBLISHED * DAY
            return FiledDays(
                first=day, last=day, taken_from=midnight(day + DAYS_UNTIL_PUBLISHED * DAY)
            )
        last = (now.date() - DAYS_UNTIL_A_MONTH_IS_PUBLISHED * DAY).replace(day=1) - DAY
        return FiledDays(first=last.replace(day=1), last=last, taken_from=midnight(last + DAY))

    def compared(
        self,
        filed: pl.DataFrame,
        told: pl.DataFrame,
        *,
        vendor_symbol: str,
        day: date,
        told_by: str = "REST",
    ) -> Overlap:
        """Compare the rows of one contract, instant by instant: only what both have.

        Parameters
        ----------
        filed, told
            ``ts``, the figures and what ``judged`` reads; of the archive, and of the other way.
        day, told_by
            A day of the file, and the other way, to name them.
        """
        judged = pl.lit(value=True) if self.judged is None else self.judged
        both = filed.filter(judged).join(told.filter(judged), on="ts", suffix="_told").sort("ts")
        differing = tuple(both.filter(pl.any_horizontal(map(self._differs, self.figures)))["ts"])
        if not differing:
            return Overlap(both.height, differing, None)
        of, first = f"on {day}", f"{differing[0]:%H:%M}"
        if self.by_month:
            of, first = f"in {day:%Y-%m}", f"{differing[0]:%Y-%m-%d %H:%M}"
        return Overlap(
            both.height,
            differing,
            f"{vendor_symbol} {of}: {len(differing)} of {both.height} {self.rows} differ between "
            f"the archive's file and {told_by}, the first at {first}; the labels of one of them "
            "may have changed their meaning",
        )

    def _differs(self, name: str) -> pl.Expr:
        filed, told = pl.col(name), pl.col(f"{name}_told")
        is_far = (filed - told).abs() > self.absolute + self.relative * filed.abs()
        return filed.ne_missing(told) & is_far.fill_null(value=True)


def _metrics(archive: BinanceArchive) -> File[pl.DataFrame]:
    async def of_day(vendor_symbol: str, symbol: str, day: date) -> pl.DataFrame:
        return (await metrics_of_day(archive, vendor_symbol, symbol, day=day)).frame

    return of_day


def _history(binance: Binance, now: datetime) -> Told:
    async def told(
        symbols: Mapping[str, str], /, *, start: datetime, end: datetime
    ) -> pl.DataFrame:
        return (await open_interest_history(binance, symbols, start=start, end=end, now=now)).frame

    return told


OPEN_INTEREST = Comparison(
    name="metrics, as openInterestHist",
    rows="hours of open interest",
    figures=("open_interest_base", "open_interest_usd"),
    file=_metrics,
    rest=_history,
    # Both write the same figure, with eight decimals at least.
    relative=1e-9,
    absolute=1e-6,
)
BARS = Comparison(
    name="daily klines, as klines",
    rows="1-minute bars",
    figures=(*PRICES, *AMOUNTS),
    file=lambda archive: archive.klines_of_day,
    rest=lambda binance, _: binance.klines,
    judged=~(SILENT | CONTRADICTORY),
)
SETTLEMENTS = Comparison(
    name="monthly fundingRate, as fundingRate",
    rows="funding settlements",
    figures=("funding_rate",),
    file=lambda archive: archive.settlements_of_month,
    rest=lambda binance, _: binance.settlements,
    by_month=True,
)
COMPARISONS = {
    "ohlcv_1m": BARS,
    "funding_rate": SETTLEMENTS,
    "open_interest": OPEN_INTEREST,
}
"""By table."""


def is_due(days: Collection[date], *, now: datetime) -> bool:
    """Whether a run over the days is to compare: it wants a past day that both ways tell."""
    today = now.date()
    return any(today - BY_REST <= day < today for day in days)


async def overlap_of(
    comparison: Comparison,
    archive: BinanceArchive,
    told: Told,
    symbols: Mapping[str, str],
    *,
    now: datetime,
    told_by: str = "REST",
) -> Overlap:
    """Compare the newest file that the archive should have, of the contract whose turn it is.

    Parameters
    ----------
    told, told_by
        Gives what REST tells of a contract, or what is stored of it; and its name.
    symbols
        Vendor symbol to canonical symbol; one at least.

    Raises
    ------
    NotPublished
        If the archive has no such file (yet).
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    days = comparison.days(now)
    names = sorted(symbols.items())
    vendor_symbol, symbol = names[now.date().toordinal() % len(names)]
    filed = await comparison.file(archive)(vendor_symbol, symbol, days.first)
    rows = await told(
        {vendor_symbol: symbol}, start=midnight(days.first), end=midnight(days.last) + DAY
    )
    return comparison.compared(
        filed, rows, vendor_symbol=vendor_symbol, day=days.first, told_by=told_by
    )
