"""The shape of a decoded answer: checked against what a vendor promises, and named where it fails.

Pure: no network. Values are not quoted, only their kind: an answer could echo a key.
"""

from typing import Any, TypeVar

import polars as pl
from pydantic import TypeAdapter, ValidationError

TIMESTAMP = pl.Datetime("ms", "UTC")

T = TypeVar("T")


class UnexpectedShape(ValueError):
    """An answer that is not what its vendor promises; the text says where and why."""


def shaped(promise: TypeAdapter[T], payload: Any) -> T:
    """Return ``payload`` as promised; fields that were not promised are let be.

    Raises
    ------
    UnexpectedShape
        Naming the first place that is different, what was expected and what kind of value came.
    """
    try:
        return promise.validate_python(payload)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the answer"
        more = f", and {exc.error_count() - 1} more such faults" if exc.error_count() > 1 else ""
        raise UnexpectedShape(
            f"{place}: {first['msg']}, got {type(first['input']).__name__}{more}"
        ) from None  # pydantic's text quotes what came


def refuse(rows: pl.DataFrame, faults: dict[str, pl.Expr], *, show: tuple[str, ...]) -> None:
    """Check that no row has a fault.

    Parameters
    ----------
    faults
        What is wrong, to the condition that tells; in this order.
    show
        Columns that identify a row to a person.

    Raises
    ------
    UnexpectedShape
        Naming the first fault, how many rows have it, and the first of them.
    """
    for name, fault in faults.items():
        if not (bad := rows.filter(fault)).is_empty():
            first = ", ".join(f"{key}={bad[key][0]}" for key in show)
            raise UnexpectedShape(f"{name} ({bad.height} such rows): {first}")
