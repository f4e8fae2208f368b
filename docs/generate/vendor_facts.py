"""What is known of each vendor, from its own folder. The one place that knows where that stands."""

import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from text import linked, prose

from cryptopipe_assets import vendors as room
from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.vendors.allowances import allowances
from cryptopipe_assets.vendors.retention import NOW_ONLY, RETENTIONS, Retention

SHARED = ("http", "parsing")
CARD = re.compile(r"^(?P<label>[A-Z][a-z]+)\s{2,}(?P<text>\S.*)$")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a vendor offers for a table, how far back, and where older rows come from."""

    table: str
    dataset: str
    reach: str
    later: str


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a vendor allows in a window, and our share of it."""

    family: str
    window: str
    limit: int
    planned: int


@dataclass(frozen=True, kw_only=True)
class VendorFacts:
    """A vendor.

    Attributes
    ----------
    card
        Label to text, as the vendor's folder states it: docs, auth, budget, history, symbols,
        numbers, terms.
    """

    name: str
    title: str
    summary: str
    card: dict[str, str]
    offers: tuple[Offer, ...]
    limits: tuple[Limit, ...]


@cache
def vendors() -> tuple[VendorFacts, ...]:
    """Every vendor, by name."""
    found = sorted(each.name for each in pkgutil.iter_modules(room.__path__) if each.ispkg)
    return tuple(_facts(name) for name in found if name not in SHARED)


def _facts(name: str) -> VendorFacts:
    folder = importlib.import_module(f"{room.__name__}.{name}")
    client = importlib.import_module(f"{room.__name__}.{name}.client")
    title, _, summary = inspect.cleandoc(folder.__doc__ or "").splitlines()[0].partition(": ")
    own = (folder.__doc__, client.__doc__)
    cards = (_card(inspect.cleandoc(doc or "").splitlines()) for doc in own)
    return VendorFacts(
        name=name,
        title=title,
        summary=summary[:1].upper() + summary[1:],
        card=next(filter(None, cards), {}),
        offers=tuple(_offer(each) for each in RETENTIONS if each.vendor == name),
        limits=tuple(
            Limit(family=each.family, window=each.window, limit=each.limit, planned=each.planned)
            for each in allowances(load_settings().config.vendors)
            if each.vendor == name
        ),
    )


def _card(lines: list[str]) -> dict[str, str]:
    """Read the labelled lines of a docstring; an indented line without a label goes on."""
    found: dict[str, str] = {}
    label = ""
    for line in lines:
        if opened := CARD.match(line):
            label = opened["label"]
            found[label] = opened["text"]
        elif label and line.startswith("  "):
            found[label] += " " + line.strip()
        else:
            label = ""
    return {label: linked(prose(text)) for label, text in found.items()}


def _offer(each: Retention) -> Offer:
    plans = f" (plans {', '.join(each.plans)})" if each.plans else ""
    return Offer(
        table=each.table,
        dataset=f"`{each.dataset}`",
        reach=_reach(each.keeps) + plans,
        later=each.afterwards or ("" if each.keeps is None else "nowhere"),
    )


def _reach(keeps: timedelta | None) -> str:
    if keeps is None:
        return "everything is kept"
    if keeps == NOW_ONLY:
        return "the present only: what was not asked in time is lost"
    days = keeps / timedelta(days=1)
    return f"{days:g} days"
