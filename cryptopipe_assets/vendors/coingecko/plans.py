"""CoinGecko's three plans: where each is served, how its key travels, how much it allows.

A session is one plan at its address. It tells a refused key from a refused question, and a limit
from a failure: what is done about that is the client's business.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from cryptopipe_assets.core.errors import VendorRejected
from cryptopipe_assets.vendors.coingecko.terms import TERMS, Plan
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.http.responses import vendor_message
from cryptopipe_assets.vendors.parsing.bounds import Bounds
from cryptopipe_assets.vendors.parsing.validation import decoded

KEY_CODES = {
    10002: "no key came with the request: set COINGECKO_API_KEY",
    10010: "the key is of a paid plan and was used as a demo key: set COINGECKO_PLAN=pro",
    10011: "the key is of the demo plan and was used as a paid one: set COINGECKO_PLAN=demo",
}
PARAMETER_CODES = {
    10005: "the plan does not include this endpoint: upgrade it, or take another source",
    10006: "the plan does not include this endpoint: upgrade it, or take another source",
    10012: "without a paid plan history ends 365 days ago: request fewer days",
}
CHECK_KEY = "check COINGECKO_API_KEY and COINGECKO_PLAN"


class KeyRefused(VendorRejected):
    """The key does not open this plan; another plan may answer the same question."""


class PlanSession(VendorClient):
    """A session with one plan."""

    vendor: ClassVar[str] = "coingecko"
    bounds: ClassVar[Mapping[str, Bounds]] = TERMS.bounds
    plan: ClassVar[Plan]

    @classmethod
    def family(cls) -> str:
        """Name of the plan's budget; plans do not share what they allow."""
        return f"calls-{cls.plan}"

    def screen(self, response: httpx.Response) -> None:
        """Raise KeyRefused or VendorRejected where CoinGecko's code says more."""
        status, code = response.status_code, error_code(response)
        if status == 429:
            return
        if code in PARAMETER_CODES:
            raise VendorRejected(self.vendor, self._refusal(response, PARAMETER_CODES[code]))
        if code in KEY_CODES or status in (401, 403):
            raise KeyRefused(self.vendor, self._refusal(response, KEY_CODES.get(code, CHECK_KEY)))

    def _refusal(self, response: httpx.Response, what_to_do: str) -> str:
        """Say what was refused, on which plan, in the vendor's words, and what to do."""
        said = self.redact(vendor_message(response))
        return (
            f"{response.url.path} on plan {self.plan}: HTTP {response.status_code}: {said}. "
            f"What to do: {what_to_do}"
        )


class Keyless(PlanSession):
    """No key, and an unstated limit per address."""

    plan: ClassVar[Plan] = "none"


class Demo(PlanSession):
    """The free key."""

    plan: ClassVar[Plan] = "demo"
    key_header: ClassVar[str | None] = "x-cg-demo-api-key"


class Pro(PlanSession):
    """The paid keys."""

    plan: ClassVar[Plan] = "pro"
    key_header: ClassVar[str | None] = "x-cg-pro-api-key"


def error_code(response: httpx.Response) -> int:
    """Return CoinGecko's code of a failure, wherever the body has it; 0 if there is none."""
    if response.status_code < 400:
        return 0
    try:
        return _code(decoded(response.content))
    except (ValueError, OverflowError):
        return 0


def _code(body: Any) -> int:
    if not isinstance(body, dict):
        return 0
    said = body.get("error_code")
    if isinstance(said, int | str):
        return int(said)
    return _code(body.get("status")) or _code(body.get("error"))
