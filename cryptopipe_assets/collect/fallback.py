"""Fallback: the sources of a table are tried in their configured order until one responds."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.config.sources import Choice
from cryptopipe_assets.core.errors import RateLimited, VendorUnavailable

Response = TypeVar("Response")


def first_available(
    vendors: VendorClients, dataset: str, ask: Callable[[Choice], Response]
) -> tuple[Choice, Response]:
    """Return what the first available source gave, and which one that was.

    The next source is tried when one is down or lacks something. Not when we are rate limited,
    which is waited for and then a failure; nor when it refuses our key or changed what it sends,
    which a person must see and mend: a table that came from elsewhere since, without a word, would
    hide it.

    Parameters
    ----------
    ask
        Collects everything from one source; what it writes must not depend on which is next.

    Raises
    ------
    ConfigError
        If no source can be used without a key.
    VendorUnavailable, VendorRejected, PayloadChanged
        Of the last source that was tried.
    """
    passed_over: list[str] = []
    journal = vendors.records.journal
    ordered = vendors.choices(dataset)
    for choice, following in zip(ordered, [*ordered[1:], None], strict=True):
        chosen = replace(choice, reason="; ".join([*passed_over, choice.reason]))
        journal.note("source", f"{dataset}: source {choice.source}: {chosen.reason}")
        try:
            return chosen, ask(chosen)
        except RateLimited:
            raise
        except VendorUnavailable as exc:
            if following is None:
                raise
            passed_over.append(f"{choice.source} is not available: {exc}")
            journal.note("fallback", f"{dataset}: {exc}. Fallback to {following.source}")
    raise AssertionError("the last source returns or raises")
