"""CoinGecko's plans: which host takes which key, and how much each may ask.

A key that contains ``pro`` is a pro key, ``wrong`` is nobody's, any other is a demo key.
"""

from aiohttp import web

from cryptopipe_assets.sandbox.contents.times import instant_of
from cryptopipe_assets.sandbox.routes.quota import Declined, Quota

# CoinGecko states no number for callers without a key; here the charts of forty coins may pass.
_PER_MINUTE = {"keyless": 300, "demo": 100, "pro": 500}
_HEADERS = {"demo": "x-cg-demo-api-key", "pro": "x-cg-pro-api-key"}
_WRONG_HOST = {
    "api": (10010, "Pro", "api.coingecko.com", "pro-api.coingecko.com"),
    "pro": (10011, "Demo", "pro-api.coingecko.com", "api.coingecko.com"),
}


class Plans:
    """Tells the plan of a request and counts it, refused or not."""

    def __init__(self, *, enforce_limits: bool) -> None:
        self._quotas = {
            plan: Quota(limit, 60, enforce=enforce_limits) for plan, limit in _PER_MINUTE.items()
        }

    def admit(self, request: web.Request, now: int) -> str:
        """Return ``keyless``, ``demo`` or ``pro``, or decline.

        Raises
        ------
        Declined
            429 over the limit; 10002 without a valid key where one is needed; 10010 and 10011
            where the key belongs to the other host.
        """
        host = "pro" if request.match_info["host"].endswith("-pro") else "api"
        sent = {plan: request.headers.get(header, "") for plan, header in _HEADERS.items()}
        key = sent["pro"] or sent["demo"]
        plan = "keyless" if not key else "pro" if host == "pro" else "demo"
        caller = key or request.remote or "?"
        if (wait := self._quotas[plan].spend(caller)) > 0:
            message = "You've exceeded the Rate Limit. Please visit our API pricing page."
            raise declined(429, 429, message, now=now, wait=wait)
        if key == "wrong" or (host == "pro" and not key):
            raise declined(401, 10002, "API Key Missing", now=now)
        right = "pro" in sent["pro"].lower() if host == "pro" else not sent["pro"]
        if not right or (host == "api" and "pro" in sent["demo"].lower()):
            code, kind, asked, other = _WRONG_HOST[host]
            message = f"If you are using {kind} API key, please change your root URL from "
            body = {
                "timestamp": _stamp(now),
                "error_code": code,
                "status": {"error_message": f"{message}{asked} to {other}"},
            }
            raise Declined(400, body)
        return plan


def declined(status: int, code: int, message: str, *, now: int, wait: float = 0.0) -> Declined:
    """Return the error body of most refusals; the one for old history sits one level deeper."""
    told = {"timestamp": _stamp(now), "error_code": code, "error_message": message}
    body: dict[str, object] = {"status": told}
    return Declined(status, {"error": body} if code == 10012 else body, wait=wait)


def _stamp(now: int) -> str:
    return instant_of(now).isoformat(timespec="milliseconds")
