"""Asking the sources of a table in their configured order until one is there to answer."""

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
    """Return the answer of the first source that is available, and which one that was.

    The next source is asked when one is down or leaves something out. Not when it tells us to ask
    less, which is waited for and then a failure; nor when it refuses our key or changed what it
    answers, which a person must see and mend: a table that silently came from elsewhere since
    would hide it.

    Parameters
    ----------
    ask
        Asks one source for everything; what it writes must not depend on who is asked next.

    Raises
    ------
    ConfigError
        If no source can be asked without a key.
    VendorUnavailable, VendorRejected, PayloadChanged
        Of the last source that was asked.
    """
    passed_over: list[str] = []
    journal = vendors.records.journal
    ordered = vendors.choices(dataset)
    for choice, following in zip(ordered, [*ordered[1:], None], strict=True):
        chosen = replace(choice, reason="; ".join([*passed_over, choice.reason]))
        journal.note("source", f"{dataset}: {choice.source} is asked: {chosen.reason}")
        try:
            return chosen, ask(chosen)
        except RateLimited:
            raise
        except VendorUnavailable as exc:
            if following is None:
                raise
            passed_over.append(f"{choice.source} is not available: {exc}")
            journal.note("fallback", f"{dataset}: {exc}. {following.source} is asked in its place")
    raise AssertionError("the last source answers or raises")
