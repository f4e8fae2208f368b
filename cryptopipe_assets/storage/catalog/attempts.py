"""Queries that a commit interrupted are put again.

DuckDB opens a file more than once in a query; if a collector replaces it in between, the query
fails. Commits of one file are seconds apart, so that another try finds it whole.
"""

from collections.abc import Callable
from typing import TypeVar

import duckdb

Answer = TypeVar("Answer")

TRIES = 5

REFUSALS = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ConversionException,
    duckdb.PermissionException,
)
"""What DuckDB says of a query that is wrong whatever the files say."""


def attempted(ask: Callable[[], Answer]) -> Answer:
    """What ``ask`` returns, called again where it fails for another reason than the query itself.

    Raises
    ------
    duckdb.Error
        Of the last attempt.
    """
    for _ in range(TRIES - 1):
        try:
            return ask()
        except REFUSALS:
            raise
        except duckdb.Error:
            continue
    return ask()
