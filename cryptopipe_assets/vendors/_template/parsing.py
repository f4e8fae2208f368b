"""The vendor's responses made into rows. Pure: no network, no clock."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from cryptopipe_assets.core.time import milliseconds
from cryptopipe_assets.vendors.parsing.fields import TextFigure, Wire
from cryptopipe_assets.vendors.parsing.open_interest import Measured, Reading, at_the_instant
from cryptopipe_assets.vendors.parsing.perpetuals import contract_of
from cryptopipe_assets.vendors.parsing.validation import shaped


class _Row(Wire):
    base: str
    quote: str
    open_interest: TextFigure
    mark_price: TextFigure


_ROWS = TypeAdapter(list[_Row])


def read_open_interest(payload: Any, *, now: datetime) -> Measured:
    """Return the open interest of all contracts, as of ``now``.

    Raises
    ------
    UnexpectedShape
        If a field is missing, or nothing came.
    """
    readings = [
        Reading(
            stamp=milliseconds(now),
            contract=contract_of(
                f"{each.base}{each.quote}", each.base, quote=each.quote, margin_type="linear"
            ),
            contracts=None,
            base=each.open_interest,
            usd=each.open_interest * each.mark_price,
        )
        for each in shaped(_ROWS, payload)
    ]
    return Measured(at_the_instant(readings, venue="_template"))
