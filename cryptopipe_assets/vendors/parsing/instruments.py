"""The contracts of a venue as every venue's client lists them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape

NO_END_MS = 4_102_444_800_000
"""The year 2100; an instant from then on is none (Binance writes 4133404800000 for "no end")."""

INSTRUMENT_SCHEMA = pl.Schema(
    {
        "venue": pl.String(),
        "symbol": pl.String(),
        "vendor_symbol": pl.String(),
        "coin": pl.String(),
        "quote": pl.String(),
        "margin_asset": pl.String(),
        "contract_multiplier": pl.Int64(),
        "contract_type": pl.String(),
        "status": pl.String(),
        "listed_at": TIMESTAMP,
        "delisted_at": TIMESTAMP,
        "funding_interval_hours": pl.Int64(),
        "price_tick": pl.Float64(),
        "quantity_step": pl.Float64(),
    }
)
"""Columns of the table ``instruments`` that a venue tells."""

PASSED_OVER_SCHEMA = pl.Schema(
    {
        "vendor_symbol": pl.String(),
        "symbol": pl.String(),
        "reason": pl.String(),
        "is_understood": pl.Boolean(),
    }
)


@dataclass(frozen=True)
class ListedInstruments:
    """What a venue lists: the contracts that are understood, and what was passed over.

    Attributes
    ----------
    frame
        ``INSTRUMENT_SCHEMA``, sorted by symbol.
    passed_over
        ``PASSED_OVER_SCHEMA``, in the venue's order: its own name and the canonical symbol (null
        where the row does not say), why, and whether it is understood: a future, a settled
        contract and the like are; a row with an impossible tick is not.
    """

    frame: pl.DataFrame
    passed_over: pl.DataFrame = field(default_factory=PASSED_OVER_SCHEMA.to_frame)

    @property
    def not_understood(self) -> pl.DataFrame:
        """What may be a perpetual that we should have."""
        return self.passed_over.filter(~pl.col("is_understood"))


Passed = tuple[str | None, str | None, str, bool]
"""A row of ``PASSED_OVER_SCHEMA``."""


def listed_instruments(
    rows: Sequence[dict[str, object]], passed_over: Sequence[Passed]
) -> ListedInstruments:
    """Put together what a venue lists; contracts that share a canonical name are told apart.

    Of several contracts of one name the one that is called after its base and quote and nothing
    else is kept; without such a one none is, as nobody could say whose rows are whose.

    Parameters
    ----------
    rows
        Of ``INSTRUMENT_SCHEMA``.

    Raises
    ------
    UnexpectedShape
        If nothing is listed that is understood, or most of it is not: then the venue has changed
        what it sends.
    """
    passed, named = list(passed_over), dict[str, list[dict[str, object]]]()
    for row in rows:
        if row not in (same := named.setdefault(str(row["symbol"]), [])):  # said twice is once
            same.append(row)
    kept: list[dict[str, object]] = []
    for symbol, same in sorted(named.items()):
        if len(same) == 1:
            kept += same
            continue
        plain = [row for row in same if _is_plain(row)]
        names = ", ".join(sorted(str(row["vendor_symbol"]) for row in same))
        kept += plain if len(plain) == 1 else []
        for row in same:
            if len(plain) != 1 or row is not plain[0]:
                why = f"two contracts of one name: {names} are all {symbol}"
                passed.append((str(row["vendor_symbol"]), symbol, why, False))
    require_most(len(kept), passed)
    return ListedInstruments(
        pl.DataFrame(kept, schema=INSTRUMENT_SCHEMA).sort("symbol"),
        pl.DataFrame(passed, schema=PASSED_OVER_SCHEMA, orient="row"),
    )


def require_most(understood: int, passed_over: Sequence[Passed]) -> None:
    """Check that most contracts of a list are understood.

    Raises
    ------
    UnexpectedShape
        If not one is, or more are not than are: the venue has changed what it sends.
    """
    odd = [each for each in passed_over if not each[3]]
    if understood and len(odd) <= understood:
        return
    if not odd:
        raise UnexpectedShape("expected the perpetuals that are listed, got none")
    name, _, reason, _ = odd[0]
    raise UnexpectedShape(
        f"{len(odd)} contracts are not understood and {understood} are; the first is {name}: "
        f"{reason}"
    )


def _is_plain(row: dict[str, object]) -> bool:
    """Whether the venue's name has no other letters and digits than base and quote."""
    base = str(row["symbol"]).rsplit("-", 2)[0]
    return "".join(filter(str.isalnum, str(row["vendor_symbol"]))) == f"{base}{row['quote']}"
