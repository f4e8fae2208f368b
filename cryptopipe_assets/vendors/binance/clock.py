"""Binance's clock, compared with ours. Pure: no network."""

from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from cryptopipe_assets.vendors.parsing.fields import Count
from cryptopipe_assets.vendors.parsing.staleness import require_same_time
from cryptopipe_assets.vendors.parsing.validation import shaped


class _Time(TypedDict):
    serverTime: Count


_TIME = TypeAdapter(_Time)


def read_time(payload: Any, *, now: datetime) -> datetime:
    """Return the instant that the answer tells, UTC.

    Raises
    ------
    UnexpectedShape
        If it tells none, or one more than five minutes from ``now``.
    """
    theirs = shaped(_TIME, payload)["serverTime"]
    require_same_time(theirs, now=now)
    return datetime.fromtimestamp(theirs / 1000, tz=UTC)
