"""How many contracts of each coin the stored tables have, for the forecast of calls."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.core.unreadable import OF_POLARS, first_line
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.storage.atomic import not_readable
from cryptopipe_assets.storage.inventory import survey

INSTRUMENT = ("venue", "symbol")
NEWEST_FILES = 2
"""A contract that had an open interest in them is requested again."""


def contract_counts(root: Path) -> dict[tuple[str, str], int]:
    """Contracts of each coin at each vendor.

    A venue whose instruments are stored has as many as it lists; of any other vendor, those count
    that had an open interest of late.

    Returns
    -------
    (vendor, coin) to a count; a coin of which nothing is stored is not in it.

    Raises
    ------
    CorruptFile
        Naming the file.
    """
    known: dict[tuple[str, str], int] = {}
    if paths := survey(root, "open_interest", has_days=True).paths[-NEWEST_FILES:]:
        for (vendor,), rows in _read(paths, *INSTRUMENT, "coin", "source").group_by("source"):
            known |= {(str(vendor), coin): n for coin, n in _counted(rows)}
    for path in survey(root, "instruments", has_days=False).paths:
        listed = latest(
            _read([path], *INSTRUMENT, "ts", "coin", "contract_type", "status"), INSTRUMENT
        )
        trading = listed.filter(contract_type="PERPETUAL", status="TRADING")
        for (venue,), theirs in trading.group_by("venue"):
            known |= {(str(venue), coin): n for coin, n in _counted(theirs)}
    return known


def _read(paths: Sequence[Path], *columns: str) -> pl.DataFrame:
    found: list[pl.DataFrame] = []
    for path in paths:
        try:
            with path.open("rb") as file:  # a commit may replace it while it is read
                rows = pl.scan_parquet(file, hive_partitioning=False, glob=False)
                found.append(rows.select(columns).collect())
        except OSError as exc:
            raise not_readable(path, exc) from exc
        except OF_POLARS as exc:
            raise CorruptFile(
                f"cannot read {path}: {first_line(exc)}; see `cryptopipe doctor`"
            ) from exc
    return pl.concat(found)


def _counted(rows: pl.DataFrame) -> list[tuple[str, int]]:
    """Coin and number of its contracts."""
    contracts = rows.select("coin", *INSTRUMENT).unique()
    return contracts.group_by("coin").len().sort("coin").rows()
