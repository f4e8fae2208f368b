"""CoinMarketCap's status of a request, which is in the body whatever the HTTP status is.

``{"status": {"error_code", "error_message", "credit_count", ...}, "data": ...}``; the codes are
numbers, or texts on some paths.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from cryptopipe_assets.core.errors import VendorRejected
from cryptopipe_assets.core.unreadable import UNREADABLE
from cryptopipe_assets.vendors.http.responses import (
    LONGEST_WAIT,
    RATE_LIMITED,
    Banned,
    seconds_to_wait,
)
from cryptopipe_assets.vendors.http.retry import PATIENCE_SECONDS, Retryable
from cryptopipe_assets.vendors.parsing.validation import decoded

MINUTE_SECONDS = 60.0
WHAT_TO_DO = {
    400: "a parameter is wrong: check ids, limit and day",
    1001: "the key is not valid: copy it again from the account into CMC_API_KEY",
    1002: "no key was sent: set CMC_API_KEY in the environment or .env",
    1003: "the key's plan is not active: activate it in the account",
    1004: "the subscription has expired: renew it in the account",
    1005: "this endpoint needs a key: set CMC_API_KEY in the environment or .env",
    1006: "the plan does not include this endpoint: upgrade it, or take another source",
    1007: "the key is disabled: ask the vendor's support",
}
UNKNOWN = "a code that is not documented: see the vendor's list of errors"
LIMITS_THAT_PASS = (1008, 1011)  # calls a minute of the key, and of the address
CREDITS_USED_UP = {1009: "daily", 1010: "monthly"}
SERVER_FAILED = 500

MOST_CREDITS = 1_000_000
"""Of one call: the largest plan has so many in an hour; what is more is a slip of the vendor's."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What the ``status`` object of a response says.

    Attributes
    ----------
    code
        0 is success.
    message
        The vendor's own words, not redacted.
    credits
        What the call cost.
    """

    code: int
    message: str
    credits: int


class CreditsUsedUp(Banned):
    """The quota of credits is used up; no request passes before it renews."""

    def __init__(self, until: datetime, *, code: int, said: str) -> None:
        super().__init__(until, f"{CREDITS_USED_UP[code]} quota used up")
        self.args = (
            f"{self.why}: {said} (code {code}). No request is sent before "
            f"{until:%Y-%m-%d %H:%M} UTC; collect less often, upgrade the plan, or take another "
            "source",
        )


def read_status(response: httpx.Response) -> Status | None:
    """Return what the body says of the request; null if it is no envelope.

    A cut-off body, a page of markup and an object of another shape are none: others judge them.
    """
    try:
        status = decoded(response.content)["status"]
        return Status(
            code=int(status["error_code"]),
            message=str(status.get("error_message") or "without a word"),
            credits=_count(status.get("credit_count")),
        )
    except UNREADABLE:
        return None


def act_on(check_result: Status, response: httpx.Response, *, said: str, now: datetime) -> None:
    """Return if the response may be used, or if its HTTP status says all there is to say.

    Parameters
    ----------
    said
        The vendor's words without our key.

    Raises
    ------
    Retryable
        1008 and 1011 (after a minute, or longer if the vendor says so) and 500.
    CreditsUsedUp
        1009 and 1010: the next try is after midnight UTC. When a month ends is the account's
        secret, so that a used-up month is tried once a day.
    VendorRejected
        Every other code.
    """
    code = check_result.code
    if code == 0:
        return
    if code in LIMITS_THAT_PASS:
        wait = max(seconds_to_wait(response, now=now), MINUTE_SECONDS)
        if wait > PATIENCE_SECONDS:
            raise Banned(now + min(timedelta(seconds=wait), LONGEST_WAIT), RATE_LIMITED)
        raise Retryable(f"{said} (code {code})", wait_seconds=wait, is_limit=True)
    if code in CREDITS_USED_UP:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        raise CreditsUsedUp(midnight, code=code, said=said)
    if code == SERVER_FAILED:
        raise Retryable(f"{said} (code {code})", is_outage=True)
    raise VendorRejected(
        "coinmarketcap",
        f"{response.url.path}: {said} (code {code}). What to do: {WHAT_TO_DO.get(code, UNKNOWN)}",
    )


def _count(said: Any) -> int:
    """Return a number of credits; nothing said is nothing spent, and none is ever given back."""
    return min(max(int(said or 0), 0), MOST_CREDITS)
