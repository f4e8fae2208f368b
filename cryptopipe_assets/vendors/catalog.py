"""The vendors that we know: one line each. Everything about them is derived from their terms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import create_model

from cryptopipe_assets.core.section import Section
from cryptopipe_assets.vendors.http.limits import RequestLimits
from cryptopipe_assets.vendors.terms import Key, Offer, VendorTerms

NAMES = (
    "binance",
    "bybit",
    "okx",
    "hyperliquid",
    "gate",
    "coinalyze",
    "coinmarketcap",
    "coingecko",
    "coinbase",
)
"""Their folders; in each of them a ``terms.py`` and a ``client.py``."""


def _terms(name: str) -> VendorTerms:
    terms: VendorTerms = import_module(f"cryptopipe_assets.vendors.{name}.terms").TERMS
    return terms


VENDORS: Mapping[str, VendorTerms] = {name: _terms(name) for name in NAMES}
"""Terms of every vendor by name."""


def class_of(vendor: str, place: str) -> Any:
    """A class that a vendor's terms name, ``client:Bybit``. Importing it brings an HTTP client."""
    module, _, name = place.partition(":")
    return getattr(import_module(f"cryptopipe_assets.vendors.{vendor}.{module}"), name)


@dataclass(frozen=True)
class Offered:
    """An offer, and whose it is."""

    vendor: VendorTerms
    offer: Offer


def offered(table: str) -> Iterator[Offered]:
    """Every offer for a table, in the order of ``NAMES``."""
    for vendor in VENDORS.values():
        yield from (Offered(vendor, each) for each in vendor.offers if each.table == table)


def asked_for(table: str, source: str | None) -> list[Offered]:
    """Offers that fill a table when ``source`` is chosen, options left out.

    Parameters
    ----------
    source
        A name of ``sources_of``; null where the table has no choice.
    """
    return [
        each
        for each in offered(table)
        if each.offer.source in (None, source) and each.offer.switch is None
    ]


def sources_of(table: str) -> tuple[str, ...]:
    """Sources of a table that has a choice: those that want a key first, as they give more."""
    found = [each for each in offered(table) if each.offer.source and not each.offer.switch]
    ordered = sorted(found, key=lambda each: not (each.vendor.key and each.vendor.key.is_required))
    return tuple(dict.fromkeys(each.offer.source for each in ordered if each.offer.source))


def tables_with_a_choice() -> tuple[str, ...]:
    """Tables of which ``[sources]`` of cryptopipe.toml says who is asked."""
    tables = dict.fromkeys(each.table for terms in VENDORS.values() for each in terms.offers)
    return tuple(table for table in tables if sources_of(table))


def described(table: str) -> str:
    """Who gives a table's rows, for the reader: ``Coinalyze, or Binance USD-M and Bybit``."""
    groups = []
    for source in sources_of(table) or (None,):
        *others, last = (each.vendor.title for each in asked_for(table, source))
        groups.append(f"{', '.join(others)} and {last}" if others else last)
    return ", or ".join(groups)


def keys() -> dict[str, Key]:
    """The keys that vendors know, by vendor."""
    return {name: terms.key for name, terms in VENDORS.items() if terms.key is not None}


class _Vendors(Section):
    """Limits, one section a vendor."""

    def of(self, vendor: str) -> Any:
        """The section of a vendor: its type of ``RequestLimits``."""
        return getattr(self, vendor)


if TYPE_CHECKING:

    class Vendors(_Vendors):
        """``[vendors]`` of cryptopipe.toml."""

        def __init__(self, **sections: RequestLimits) -> None: ...

else:
    Vendors = create_model(
        "Vendors",
        __base__=_Vendors,
        __doc__="``[vendors]`` of cryptopipe.toml.",
        **{name: (terms.limits, terms.limits()) for name, terms in VENDORS.items()},
    )
