"""What came of requests for missing rows, and what each transport said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from cryptopipe_assets.collect.gaps.intervals import SPANS, difference, segments
from cryptopipe_assets.core.errors import VendorError, VendorUnavailable
from cryptopipe_assets.vendors.http.gather import as_one_of_many
from cryptopipe_assets.vendors.http.journal import Journal

TRANSPORTS = ("rest", "archive_day", "archive_month")
NO_RESPONSE, NOT_USABLE = "no response", "not usable"
EVIDENCE = (
    *TRANSPORTS,
    *(f"{name}: {said}" for name in TRANSPORTS for said in (NO_RESPONSE, NOT_USABLE)),
)
"""What is told of a gap: who responded, and who did otherwise."""


@dataclass(frozen=True)
class Refetched:
    """What was requested and what came.

    Attributes
    ----------
    rows
        Missing rows only; of bars, ``BAR_SCHEMA``.
    asked
        By transport, the ``SPANS`` for which it responded, be it with nothing; and those of which
        it said otherwise, under the names of ``EVIDENCE``.
    covered
        ``SPANS`` that the rows stand for; null: each for a minute.
    """

    rows: pl.DataFrame
    asked: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    covered: pl.DataFrame | None = None

    @property
    def came(self) -> pl.DataFrame:
        """``SPANS`` that came."""
        if self.covered is not None:
            return self.covered
        return self.rows.select("symbol", start="ts", end=pl.col("ts").dt.offset_by("1m"))

    def left(self, gaps: pl.DataFrame) -> pl.DataFrame:
        """What of the gaps did not come, ``SPANS``."""
        return difference(gaps, self.came)

    def transports(self, gaps: pl.DataFrame) -> pl.DataFrame:
        """The gaps cut where transports or rows differ: ``SPANS``, came, asked (``EVIDENCE``)."""
        none = SPANS.to_frame()
        layers = {"gap": gaps.select(SPANS.names()), "came": self.came}
        told = [name for name in EVIDENCE if name in TRANSPORTS or name in self.asked]
        layers |= {name: self.asked.get(name, none) for name in told}
        has = [pl.when(pl.col(name) > 0).then(pl.lit(name)) for name in told]
        return (
            segments(layers)
            .filter(pl.col("gap") > 0)
            .select(
                *SPANS.names(),
                came=pl.col("came") > 0,
                asked=pl.concat_str(has, separator=", ", ignore_nulls=True),
            )
        )


def raise_if_nobody_responded(failures: Mapping[str, VendorError], left: pl.DataFrame) -> None:
    """Tell an outage of the vendor from failures of some contracts."""
    silent = {name for name, each in failures.items() if isinstance(each, VendorUnavailable)}
    if silent and silent == set(left["symbol"]):
        first = failures[min(silent)]
        raise first from first.__cause__


def said_by(failure: VendorError) -> str:
    """What a failure says of a transport: that it did not respond, or with what is not usable."""
    return NO_RESPONSE if isinstance(failure, VendorUnavailable) else NOT_USABLE


def tell(journal: Journal, what: str, failure: VendorError) -> None:
    """Note in the journal what failed."""
    journal.note(
        "fallback", f"data_gaps: {what} failed, the others go on: {as_one_of_many(failure)}"
    )


def inside_gaps(rows: pl.DataFrame, gaps: pl.DataFrame, *, columns: Sequence[str]) -> pl.DataFrame:
    """Rows of missing time only, each once: what is stored is not touched."""
    spans = gaps.select(SPANS.names()).sort("symbol", "start")
    return (
        rows.unique(["symbol", "ts"], keep="first", maintain_order=True)
        .sort("symbol", "ts")
        .join_asof(spans, left_on="ts", right_on="start", by="symbol", check_sortedness=False)
        .filter(pl.col("ts") < pl.col("end"))
        .select(columns)
    )
