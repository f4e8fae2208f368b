"""One small question to each real endpoint, through the clients that the tables use."""

from collections.abc import Sized
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.vendors.catalog import VENDORS
from cryptopipe_tests.reference.endpoints import ENDPOINTS, Ask, Endpoint, Extent

LONGEST = timedelta(days=3)


@dataclass(frozen=True)
class Question:
    """Endpoints of one vendor that are asked together; mostly it is one."""

    endpoints: tuple[Endpoint, ...]

    @property
    def name(self) -> str:
        """The vendor, and what is asked of it, e.g. ``binance exchangeInfo, fundingInfo``."""
        first, *others = (each.name for each in self.endpoints)
        return ", ".join([first, *(each.partition(" ")[2] for each in others)])

    @property
    def key(self) -> str | None:
        """The vendor whose key it needs; null where none is needed, or none is known."""
        vendor = self.endpoints[0].vendor
        terms = VENDORS.get(vendor)
        return vendor if terms and terms.key and terms.key.is_required else None

    async def ask(self, vendors: VendorClients, now: datetime) -> Any:
        """Ask the vendor, once."""
        first = self.endpoints[0]
        made = getattr(vendors, first.vendor.replace("-", "_"), None)
        async with made() if made else vendors.client(first.vendor) as opened:
            return await first.ask(opened, Extent(now, most=LONGEST))


def _questions() -> tuple[Question, ...]:
    together: dict[tuple[str, Ask], list[Endpoint]] = {}
    for each in ENDPOINTS:
        if each.fills_a_table:
            together.setdefault((each.vendor, each.ask), []).append(each)
    return tuple(Question(tuple(endpoints)) for endpoints in together.values())


QUESTIONS = _questions()


def amount(answer: Any) -> int:
    """How many things an answer has; one that cannot be counted is one."""
    frame = getattr(answer, "frame", answer)
    if isinstance(frame, pl.DataFrame):
        return frame.height
    return len(frame) if isinstance(frame, Sized) else 1
