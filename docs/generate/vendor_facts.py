"""What is known of each vendor: its terms, and the card that its client opens with.

The one place that knows where these facts stand in the code.
"""

import importlib
import inspect
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from text import linked, prose

from cryptopipe_assets import vendors as room
from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.vendors.allowances import Allowance, allowances
from cryptopipe_assets.vendors.catalog import VENDORS
from cryptopipe_assets.vendors.terms import NOW_ONLY, Offer, VendorTerms

CARD = re.compile(r"^(?P<label>[A-Z][a-z]+)\s{2,}(?P<text>\S.*)$")
NOTHING = "·"
STATED = ("Docs", "Terms")
"""Labels of the card whose facts are in the terms already; the page takes what the terms say."""


@dataclass(frozen=True, kw_only=True)
class VendorFacts:
    """A vendor.

    Attributes
    ----------
    summary
        What it is, in a sentence.
    card
        Label to text, as the vendor's folder states it: auth, budget, history, symbols, numbers.
    limits
        What it allows, by the plan of its key; one entry of no name where it has no plans.
    """

    terms: VendorTerms
    summary: str
    card: dict[str, str]
    limits: dict[str, tuple[Allowance, ...]]

    @property
    def name(self) -> str:
        """Name of its folder, its page and its section of cryptopipe.toml."""
        return self.terms.name


@cache
def vendors() -> tuple[VendorFacts, ...]:
    """Every vendor, in the order of the catalog."""
    return tuple(_facts(terms) for terms in VENDORS.values())


def _facts(terms: VendorTerms) -> VendorFacts:
    folder = importlib.import_module(f"{room.__name__}.{terms.name}")
    client = importlib.import_module(f"{room.__name__}.{terms.name}.client")
    summary = inspect.cleandoc(folder.__doc__ or "").splitlines()[0].partition(": ")[2]
    cards = (_card(inspect.cleandoc(doc or "")) for doc in (folder.__doc__, client.__doc__))
    return VendorFacts(
        terms=terms,
        summary=summary[:1].upper() + summary[1:],
        card=next(filter(None, cards), {}),
        limits=_limits(terms),
    )


def _limits(terms: VendorTerms) -> dict[str, tuple[Allowance, ...]]:
    sections = load_settings().config.vendors
    return {
        plan: tuple(
            each for each in allowances(sections, {terms.name: plan}) if each.vendor == terms.name
        )
        for plan in (terms.key.plans if terms.key else ()) or ("",)
    }


def _card(docstring: str) -> dict[str, str]:
    """Read the labelled lines of a docstring; an indented line without a label goes on."""
    found: dict[str, str] = {}
    label = ""
    for line in docstring.splitlines()[1:]:
        if opened := CARD.match(line):
            label = opened["label"]
            found[label] = opened["text"]
        elif label and line.startswith("  "):
            found[label] += " " + line.strip()
        else:
            label = ""
    return {label: linked(prose(text)) for label, text in found.items() if label not in STATED}


def reach(offer: Offer) -> str:
    """How far back an offer can be asked, for a reader."""
    plans = f", with the plans {' and '.join(map(str, offer.plans))}" if offer.plans else ""
    if offer.keeps is None:
        return "everything is kept" + plans
    if offer.keeps == NOW_ONLY:
        return "the present only: what was not asked in time is lost" + plans
    return f"{offer.keeps / timedelta(days=1):g} days" + plans


def later(offer: Offer) -> str:
    """Where rows can be had that the vendor no longer tells."""
    return offer.afterwards or (NOTHING if offer.keeps is None else "nowhere")


def when_asked(offer: Offer) -> str:
    """What decides whether the vendor is asked for a table."""
    if offer.switch:
        return f"`{offer.switch}` of `cryptopipe.toml` is set"
    if offer.source:
        return f"`{offer.source}` is chosen under `[sources]` of `cryptopipe.toml`"
    return "always"
