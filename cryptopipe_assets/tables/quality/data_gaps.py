"""What the tables lack of the followed contracts: since when, why, and what was tried."""

import pandera.polars as pa
import polars as pl

from cryptopipe_assets.core.schema import Ledger, Timestamp, column

CAUSES = {
    "not_listed": "before the contract was listed, as the venue says",
    "delisted": "after the contract's end, and until it was listed again, if it was",
    "not_collected": "before the contract's first stored bar, and not requested since",
    "our_outage": "after the contract's first stored bar, and not requested since it was over",
    "halted": "requested afterwards; the venue said at the time that the contract does not trade",
    "source_hole": "every transport responded without it, and trades may be missing",
    "exchange_halt": "no followed contract has a bar, of two at least, though requested afterwards",
    "no_trades": "every transport responded without it; its hour had no trade but the stored ones",
    "unknown": "requested once it was over, and it did not come; nothing else is known yet",
}
"""Cause and its evidence, in the order in which they are tried."""

STATUSES = ("open", "repaired", "explained")


class DataGaps(Ledger):
    """Minutes in a row that a table lacks of one followed contract, with the cause.

    Minute bars, settlements of funding and hours of open interest at the venue whose bars are
    collected. A settlement stands for the hours that it pays for, which end at its ``ts``: a gap of
    ``funding_rate`` ends where the missing settlement should have been.

    Looked at is the time from the table's first stored day to the end of its last one, less the
    newest two hours. Flat bars without volume are bars, not gaps. ``available_at`` is when the gap
    was first seen. The cause is the first of these whose evidence is at hand:

    - not_listed: before the contract was listed, as the venue says;
    - delisted: after the contract's end, and until it was listed again, if it was;
    - not_collected: before the contract's first stored bar, and not requested since;
    - our_outage: after the contract's first stored bar, and not requested since it was over;
    - halted: requested afterwards; the venue said at the time that the contract does not trade;
    - source_hole: every transport responded without it, and trades may be missing;
    - exchange_halt: no followed contract has a bar, of two at least, though requested afterwards;
    - no_trades: every transport responded without it; its hour had no trade but the stored ones;
    - unknown: requested once it was over, and it did not come; nothing else is known yet.
    """

    dataset: str = column("Table that lacks the minutes.", unit="id")
    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    end_ts: Timestamp = column("First minute after the gap; ts is the first in it.", unit="UTC")
    minutes: int = column("Minutes in the gap.", unit="count", ge=1)
    cause: str = column("Why the minutes are missing.", unit="label", isin=list(CAUSES))
    status: str = column(
        "open: worth another try; explained: there is no bar to get, or it was never requested; "
        "repaired: stored since.",
        unit="label",
        isin=list(STATUSES),
    )
    attempts: int = column("Repairs that requested it.", unit="count", ge=0)
    last_tried_at: Timestamp = column(
        "When a repair last requested it; null if none has.", unit="UTC", nullable=True
    )
    transports_asked: str = column(
        "Transports that responded to the last repair (to the collection of the day before any "
        "repair), and behind a colon what others did: not published, no response, or not usable "
        "(damaged, not to be verified, refused); null if nothing is known of it.",
        unit="label",
        nullable=True,
    )
    repaired_at: Timestamp = column(
        "When its minutes were found to be stored; null until then.", unit="UTC", nullable=True
    )

    class Config:
        """A contract's gaps do not overlap, so its start names one."""

        name = "data_gaps"
        unique = ["dataset", "symbol", "ts", "venue"]  # noqa: RUF012

    @pa.dataframe_check(description="a gap ends after it starts, and before the next one starts")
    def gaps_are_apart(cls, data: pa.PolarsData) -> pl.LazyFrame:  # noqa: N805
        """One minute is in one gap at most."""
        own = ["dataset", "symbol", "venue"]
        following = pl.col("ts").shift(-1).over(own, order_by="ts")
        apart = pl.col("end_ts") <= following.fill_null(pl.col("end_ts"))
        return data.lazyframe.select(apart & (pl.col("ts") < pl.col("end_ts")))
