"""The contracts of a venue as every venue's client lists them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from cryptopipe_assets.core.contract_names import read_contract_name
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape

T = TypeVar("T")

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
    """Put together what a venue lists; contracts that share a name are told apart.

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
    kept, twins = one_name_each(rows, lambda row: (str(row["vendor_symbol"]), str(row["symbol"])))
    passed = [*passed_over, *twins]
    require_most(len(kept), passed)
    return ListedInstruments(
        pl.DataFrame(kept, schema=INSTRUMENT_SCHEMA).sort("symbol"),
        pl.DataFrame(passed, schema=PASSED_OVER_SCHEMA, orient="row"),
    )


def one_name_each(
    rows: Iterable[T], names: Callable[[T], tuple[str, str]]
) -> tuple[list[T], list[Passed]]:
    """Tell apart contracts that share a name, the venue's or the canonical; said twice is once.

    Of several of one canonical name the one that is called after its base and quote and nothing
    else is kept; without such a one none is, as nobody could say whose rows are whose.

    Parameters
    ----------
    names
        A contract's name at the venue, and its canonical one.

    Returns
    -------
    The contracts that are kept, in order, and the others with the reason.
    """
    by_theirs, by_ours = dict[str, list[T]](), dict[str, list[T]]()
    for row in rows:
        if row not in (same := by_theirs.setdefault(names(row)[0], [])):
            same.append(row)
    for same in by_theirs.values():
        for row in same:
            by_ours.setdefault(names(row)[1], []).append(row)
    kept: list[T] = []
    passed: list[Passed] = []
    for symbol, same in sorted(by_ours.items()):
        alone = [row for row in same if len(by_theirs[names(row)[0]]) == 1]
        plain = [row for row in alone if _is_plain(*names(row))]
        stays = alone if len(same) == 1 == len(alone) else plain if len(plain) == 1 else []
        kept += stays
        said = ", ".join(sorted(names(row)[0] for row in same))
        for row in same:
            if any(row is each for each in stays):
                continue
            theirs = names(row)[0]
            is_twice = len(by_theirs[theirs]) > 1
            how = f"{theirs}, in different words" if is_twice else f"{said} are all {symbol}"
            passed.append((theirs, symbol, f"two contracts of one name: {how}", False))
    return kept, passed


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


def _is_plain(vendor_symbol: str, symbol: str) -> bool:
    """Whether the venue's name has no other letters and digits than base and quote."""
    base, quote, _ = symbol.rsplit("-", 2)
    said = "".join(filter(str.isalnum, read_contract_name(vendor_symbol).pair))
    return said.upper() in (base, f"{base}{quote}", f"{base}{quote}".replace("_", ""))
