"""Queries that a commit interrupted are put again.

DuckDB opens a file more than once in a query; if a collector replaces it in between, the query
fails. Commits of one file are seconds apart, so that another try finds it whole; the pauses are
for writers that are busier than any collector.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

import duckdb

Answer = TypeVar("Answer")

TRIES = 12
LONGEST_PAUSE_SECONDS = 0.05

REFUSALS = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ConversionException,
    duckdb.ConstraintException,
    duckdb.InterruptException,
    duckdb.NotImplementedException,
    duckdb.OutOfMemoryException,
    duckdb.OutOfRangeException,
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
            time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311
    return ask()
