"""The shape of a decoded response, checked against what a vendor promises.

No network. Values are not quoted, only their kind: a response could echo a key. What came at the
place of a fault goes along for the sample, which is redacted.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import polars as pl
from pydantic import TypeAdapter, ValidationError

from cryptopipe_assets.core.unreadable import reason
from cryptopipe_assets.vendors.http.recent_responses import recent
from cryptopipe_assets.vendors.parsing.bounds import OF_JSON, Bounds, TooLarge

ROWS_SHOWN = 3
TIMESTAMP = pl.Datetime("ms", "UTC")

T = TypeVar("T")

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"{_HIGH}{_LOW}|{_HIGH}|{_LOW}|\\.", re.DOTALL)
HALF = len(r"\ud800")


class UnexpectedShape(ValueError):
    """A response that is not what its vendor promises; the text says where and why.

    Attributes
    ----------
    offending
        What came at that place, to be shown redacted only; null if that is not known.
    responses
        The recent responses of the task that failed, the newest last.
    """

    def __init__(self, what: str, offending: Any = None) -> None:
        super().__init__(what)
        self.offending = offending
        self.responses = recent()


def unreadable(failure: BaseException) -> UnexpectedShape:
    """What is said of a response at which a library gave up."""
    return UnexpectedShape(f"expected values that can be read, got others ({reason(failure)})")


def decoded(body: bytes, bounds: Bounds = OF_JSON) -> Any:
    """Return what a JSON document says.

    Half a surrogate pair, which no text holds and no file stores, becomes U+FFFD, as other bytes
    that are no text do: it is one name that nobody knows, and not the end of the response.

    Raises
    ------
    UnexpectedShape
        If it is none, or larger than the endpoint's may be.
    """
    try:
        bounds.require_structure(body)
        text = body.decode(json.detect_encoding(body))
        if "\\u" in text:
            text = _ESCAPE.sub(_whole, text)
        payload = json.loads(text.removeprefix("\ufeff"))
        bounds.require_rows(payload)
    except TooLarge as exc:
        raise UnexpectedShape(str(exc)) from None
    except RecursionError:
        raise UnexpectedShape("expected JSON of some levels, got thousands of them") from None
    except ValueError as exc:
        raise UnexpectedShape(f"expected JSON: {exc}") from None
    return payload


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if len(escape[0]) == HALF else escape[0]


def shaped(promise: TypeAdapter[T], payload: Any) -> T:
    """Return ``payload`` as promised; fields that were not promised are let be.

    Raises
    ------
    UnexpectedShape
        Naming the first place that is different, what was expected and what kind of value came.
    """
    try:
        return promise.validate_python(payload)
    except (RecursionError, UnicodeError, OverflowError) as exc:  # which pydantic lets through
        raise unreadable(exc) from None
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the response"
        more = f", and {exc.error_count() - 1} more such faults" if exc.error_count() > 1 else ""
        raise UnexpectedShape(
            f"{place}: {first['msg']}, got {type(first['input']).__name__}{more}",
            _around(payload, first["loc"]),
        ) from None  # pydantic's text quotes what came


def refuse(rows: pl.DataFrame, faults: dict[str, pl.Expr], *, show: tuple[str, ...]) -> None:
    """Check that no row has a fault.

    Parameters
    ----------
    faults
        What is wrong, to the condition for it; in this order.
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
            raise UnexpectedShape(
                f"{name} ({bad.height} such rows): {first}", bad.head(ROWS_SHOWN).to_dicts()
            )


def _around(payload: Any, place: Sequence[int | str]) -> Any:
    """Return the row that the place of a fault is in, or where there are no rows, the object."""
    inside = row = payload
    has_rows = False
    for step in place:
        try:
            inside = inside[step]
        except (KeyError, IndexError, TypeError):
            break
        if not isinstance(inside, dict | list):
            break
        if isinstance(step, int) or not has_rows:
            row, has_rows = inside, has_rows or isinstance(step, int)
    return row
