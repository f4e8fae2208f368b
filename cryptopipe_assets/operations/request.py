"""What a person may ask a run for: days that there can be, tables that there are. Pure."""

from collections.abc import Sequence
from datetime import date

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.tables.service_levels import SERVICE_LEVELS, closure


def require_range(first: date, last: date, *, start: date, today: date) -> None:
    """Check a range that a person requested.

    Parameters
    ----------
    start
        First partition.

    Raises
    ------
    RequestError
        If it is empty, before the first partition or in the future.
    """
    if last < first:
        raise RequestError(f"the range ends ({last}) before it starts ({first}); swap the two")
    if first < start:
        raise RequestError(
            f"{first} is before the first partition, {start}; set history.start in cryptopipe.toml"
        )
    if last > today:
        raise RequestError(f"{last} is in the future; the newest partition is {today} (UTC)")


def with_ancestors(tables: Sequence[str] | None) -> list[str]:
    """The tables asked for and all that they are made from, in the order of work."""
    every = list(SERVICE_LEVELS)
    for name in tables or []:
        if name not in every:
            raise RequestError(f"unknown table {name!r}; known are {', '.join(every)}")
    return every if tables is None else closure(set(tables))
