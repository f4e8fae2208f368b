"""What goes wrong, and what has to come of it: the form of the tables beside this file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cryptopipe_assets.core.errors import (
    NotPublished,
    PayloadChanged,
    VendorError,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.sandbox.faults.plan import Fault, Kind

Outcome = Literal["same", "less", "let be", "unavailable", "rejected", "changed", "not published"]
"""``same`` is the answer without the fault. ``less`` lacks rows, none of the others is wrong, and
the loss is counted, logged or shown by the table's check. ``let be`` passes on a word that we do
not know. The others are errors."""

ERRORS: Mapping[str, type[VendorError]] = {
    "unavailable": VendorUnavailable,
    "rejected": VendorRejected,
    "changed": PayloadChanged,
    "not published": NotPublished,
}


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One thing that goes wrong.

    Parameters
    ----------
    expected
        What has to come of it, everywhere but at the endpoints of ``but``.
    but
        Beginning of an endpoint's name, to the outcome that is right there and the reason.
    only, without
        Beginnings of the names of the endpoints that can, or cannot, behave so.
    sent
        Requests that the endpoint gets, where that matters: who is refused does not ask again.
    """

    name: str
    kind: Kind
    expected: Outcome
    times: int | None = None
    value: float | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    but: Mapping[str, tuple[Outcome, str]] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    sent: int | None = None

    def concerns(self, endpoint: str) -> bool:
        """Tell whether the endpoint can behave so."""
        is_chosen = not self.only or endpoint.startswith(self.only)
        return is_chosen and not (self.without and endpoint.startswith(self.without))

    def outcome(self, endpoint: str) -> Outcome:
        """Return what has to come of it there."""
        for start, (other, _) in self.but.items():
            if endpoint.startswith(start):
                return other
        return self.expected

    def fault(self, match: str) -> Fault:
        """Return what the stand-in has to do."""
        return Fault(
            match=match,
            kind=self.kind,
            times=self.times,
            value=self.value,
            headers=self.headers,
            body=self.body,
        )
