"""The warehouse as a whole: the lake, its catalog, and the promise not to mix origins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.storage import origin
from cryptopipe_assets.storage.catalog import catalog
from cryptopipe_assets.storage.lake import Lake


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """What assets write to and people read from.

    Attributes
    ----------
    lake
        The Parquet files.
    contracts
        Every table of the platform; each has a view in the catalog.
    origin
        What this process would add, as ``storage.origin`` writes it: ``live``, ``recorded`` or
        ``simulated``, with the keys of ``[compat]`` that are set.
    clock
        Gives the time (UTC) at which derived rows are published.
    """

    lake: Lake
    contracts: Sequence[type[Table]]
    origin: str
    clock: Callable[[], datetime] = utcnow

    def claim(self) -> None:
        """Refuse to add rows of another origin than those that are there."""
        origin.claim(self.lake.root, self.origin)

    def refresh_catalog(self) -> None:
        """Make the catalog show what is there."""
        catalog.refresh(self.lake, self.contracts)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the catalog read-only."""
        return catalog.connect(self.lake)
