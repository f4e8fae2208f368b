"""What a factor is: an expression over the panel, with its unit, its look-back and its sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from inspect import getdoc

import polars as pl


@dataclass(frozen=True)
class Factor:
    """A named column that is computed from the panel and from other factors."""

    name: str
    doc: str
    """What it is; the first line is the sentence that describes the column."""
    unit: str
    lookback: timedelta
    """A row at t needs the panel's rows in [t - lookback, t] and none outside."""
    expr: pl.Expr

    @property
    def description(self) -> str:
        """The first paragraph of the documentation, on one line."""
        return " ".join(self.doc.split("\n\n")[0].split())

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns the expression reads, sorted, read off the expression itself."""
        return tuple(sorted(set(self.expr.meta.root_names())))


def factor(
    *, unit: str, lookback: timedelta = timedelta(0)
) -> Callable[[Callable[[], pl.Expr]], Factor]:
    """Turn a function that returns an expression into the factor of the function's name."""

    def declare(function: Callable[[], pl.Expr]) -> Factor:
        name = function.__name__
        return Factor(
            name=name,
            doc=getdoc(function) or "",
            unit=unit,
            lookback=lookback,
            expr=function().alias(name),
        )

    return declare
