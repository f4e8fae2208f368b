"""The final factor set: hourly, cross-sectional, without look-ahead."""

from cryptopipe_assets.core.schema import column, extended
from cryptopipe_assets.quant.factors.factor import Factor
from cryptopipe_assets.quant.factors.factor_set import FACTOR_SET
from cryptopipe_assets.quant.factors.final_set import (
    REQUIRED_COLUMNS,
)
from cryptopipe_assets.tables.features.microstructure_1h import Microstructure1h

TYPES = {"flag": bool, "count": int}
"""Column type by unit; everything else is a float."""


def _declared(factor: Factor) -> tuple[type, object]:
    required = factor.name in REQUIRED_COLUMNS
    kind = TYPES.get(factor.unit, float)
    return kind, column(factor.description, unit=factor.unit, nullable=not required)


Factors1h = extended(
    Microstructure1h,
    name="factors_1h",
    module=__name__,
    doc="""One hour of a perpetual contract with every factor a model may use.

    A row is published only if its bar and the factors that need no funding are complete and at
    least half of the listed instruments have a bar; the others are dropped and counted by reason.
    The first 168 hours of an instrument therefore have no row. Usable one millisecond after the
    hour's end.
    """,
    columns={each.name: _declared(each) for each in FACTOR_SET},
)
