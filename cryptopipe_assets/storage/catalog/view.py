"""A view of the catalog that is derived from tables by a query, and stores nothing."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class View:
    """A query with a name.

    Attributes
    ----------
    name
        Of the view; no table has it.
    tables
        Tables that it reads, also through other views.
    comment
        One sentence on what a row is.
    columns
        Name to sentence and unit, in the order of the query's columns.
    query
        DuckDB's SQL. Days are those of the column ``date``: the calendar of an instant would
        depend on the reader's time zone.
    """

    name: str
    tables: tuple[str, ...]
    comment: str
    columns: Mapping[str, str]
    query: str
