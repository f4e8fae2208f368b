"""Failures that a vendor sends with status 200, behind a code in the body."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from cryptopipe_assets.core.errors import VendorRejected
from cryptopipe_assets.vendors.http.retry import Retryable
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, decoded

WHAT_TO_DO = "a retry changes nothing: check symbols, dates and the vendor's list of error codes"


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Where a vendor writes its error code, and what it means.

    Parameters
    ----------
    code, message
        Names of the two fields.
    too_often
        Codes of too many calls.
    broken
        Codes of a server that is busy or broken for now.
    """

    code: str
    message: str
    too_often: frozenset[str]
    broken: frozenset[str]

    def open(
        self, response: httpx.Response, *, vendor: str, redact: Callable[[str | bytes], str]
    ) -> None:
        """Return if the code is 0; leave every other status, and what is no JSON, to others.

        Raises
        ------
        Retryable
            For a failure that passes.
        VendorRejected
            For any other code.
        UnexpectedShape
            If there is no code.
        """
        if response.status_code != 200:
            return
        try:
            body = decoded(response.content)
        except UnexpectedShape:
            return
        if not isinstance(body, dict) or self.code not in body:
            raise UnexpectedShape(
                f"expected an object with {self.code}, got {redact(response.content)}"
            )
        code, said = str(body[self.code]), redact(str(body.get(self.message, "")))
        if code in self.too_often | self.broken:
            raise Retryable(
                f"{self.code} {code}: {said}",
                is_outage=code in self.broken,
                is_limit=code in self.too_often,
            )
        if code != "0":
            raise VendorRejected(
                vendor,
                f"{response.url.path}: {self.code} {code}: {said}. What to do: {WHAT_TO_DO}",
            )
