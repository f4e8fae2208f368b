"""Whether Binance's archive and its REST say the same of the same instants.

Labels of the archive's files have changed their meaning before without a change of shape. Where
both tell of an hour, the values must be equal; one day of one contract a run is compared, another
contract every day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.core.time import DAY, midnight
from cryptopipe_assets.vendors.binance.archive import BinanceArchive
from cryptopipe_assets.vendors.binance.client import Binance
from cryptopipe_assets.vendors.binance.open_interest import metrics_of_day, open_interest_history
from cryptopipe_assets.vendors.binance.transports import DAYS_UNTIL_PUBLISHED

RELATIVE, ABSOLUTE = 1e-9, 1e-6
"""Both write the same figure, with eight decimals at least."""

FIGURES = ("open_interest_base", "open_interest_usd")


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A day of a contract that both told.

    Attributes
    ----------
    hours
        Hours that both have.
    differing
        The hours of them whose value is another one, ascending.
    """

    vendor_symbol: str
    day: date
    hours: int
    differing: tuple[datetime, ...]

    @property
    def said(self) -> str | None:
        """What differs, for a person; null if nothing does."""
        if not self.differing:
            return None
        return (
            f"{self.vendor_symbol} on {self.day}: {len(self.differing)} of {self.hours} hours of "
            f"open interest differ between the archive's file and REST, the first at "
            f"{self.differing[0]:%H:%M}; the labels of one of them may have changed their meaning"
        )


async def overlap_of(
    binance: Binance,
    archive: BinanceArchive,
    symbols: Mapping[str, str],
    *,
    now: datetime,
) -> Overlap:
    """Compare the newest day that the archive should have, of the contract whose turn it is.

    Parameters
    ----------
    symbols
        Vendor symbol to canonical symbol; one at least.

    Raises
    ------
    NotPublished
        If the archive has no file of the day (yet).
    VendorUnavailable, VendorRejected, PayloadChanged
    """
    day = now.date() - DAYS_UNTIL_PUBLISHED * DAY
    names = sorted(symbols.items())
    vendor_symbol, symbol = names[day.toordinal() % len(names)]
    filed = await metrics_of_day(archive, vendor_symbol, symbol, day=day)
    names_asked = {vendor_symbol: symbol}
    told = await open_interest_history(
        binance, names_asked, start=midnight(day), end=midnight(day) + DAY, now=now
    )
    return compared(filed.frame, told.frame, vendor_symbol=vendor_symbol, day=day)


def compared(filed: pl.DataFrame, told: pl.DataFrame, *, vendor_symbol: str, day: date) -> Overlap:
    """Compare two frames of ``OPEN_INTEREST_SCHEMA`` of one contract, hour by hour."""
    both = filed.join(told, on="ts", suffix="_told").sort("ts")
    differs = pl.any_horizontal(
        (pl.col(name) - pl.col(f"{name}_told")).abs() > ABSOLUTE + RELATIVE * pl.col(name).abs()
        for name in FIGURES
    )
    return Overlap(
        vendor_symbol=vendor_symbol,
        day=day,
        hours=both.height,
        differing=tuple(both.filter(differs)["ts"]),
    )
