"""Whether a response about the present is of the present. Pure: the time is given.

A figure from the future is a clock that is wrong, theirs or ours, or a stamp in another unit. One
from the past is a cache on the way or a vendor that stands still.
"""

from datetime import datetime, timedelta

from cryptopipe_assets.core.errors import VendorUnavailable
from cryptopipe_assets.core.time import EPOCH
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

MOST_SKEW = timedelta(minutes=5)
OLDEST = timedelta(hours=1)
FIRST_MS, LAST_MS = 1_230_768_000_000, 4_102_444_800_000  # 2009, the first block; 2100


def require_same_time(stamp: int, *, now: datetime) -> None:
    """Check that a vendor's clock, in milliseconds, shows the time that ours does.

    Raises
    ------
    UnexpectedShape
        If they are more than five minutes apart.
    """
    if not FIRST_MS <= stamp < LAST_MS:
        raise UnexpectedShape(f"expected the present in milliseconds, got {stamp}")
    apart = timedelta(milliseconds=stamp) - (now - EPOCH)
    if abs(apart) > MOST_SKEW:
        raise UnexpectedShape(
            f"expected the present in milliseconds, got {stamp}, which is {abs(apart)} "
            f"{'ahead of' if apart > timedelta(0) else 'behind'} this machine's clock; check that "
            "clock first"
        )


def require_no_future(newest: int, *, now: datetime) -> None:
    """Check that the newest stamp, in milliseconds, is not later than now.

    Raises
    ------
    UnexpectedShape
        If it is more than five minutes later.
    """
    if newest / 1000 > (now + MOST_SKEW).timestamp():
        require_same_time(newest, now=now)


def require_recent(newest: int, *, now: datetime, vendor: str, what: str) -> None:
    """Check that the newest figure of a response about now is of the last hour.

    Raises
    ------
    UnexpectedShape
        If it is of the future, or older than the exchanges: then its unit is another one.
    VendorUnavailable
        If it is older than an hour.
    """
    require_no_future(newest, now=now)
    if newest < FIRST_MS:
        raise UnexpectedShape(f"expected the present in milliseconds, got {newest}")
    of = EPOCH + timedelta(milliseconds=newest)
    if now - of > OLDEST:
        raise VendorUnavailable(
            vendor,
            f"{what}: expected figures of now, the newest is of {of:%Y-%m-%d %H:%M:%S} UTC, "
            f"{now - of} ago: a cache on the way, or the vendor stands still. Nothing was written; "
            "run again later",
        )
