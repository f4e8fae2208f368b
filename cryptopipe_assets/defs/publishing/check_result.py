"""The check result of a quality check that looks for offending rows."""

import dagster as dg
import polars as pl

from cryptopipe_assets.core.preview import markdown

ROWS_SHOWN = 10


def check_result(
    found: pl.DataFrame, counted: str, *, description: str | None = None
) -> dg.AssetCheckResult:
    """A warning that shows the first rows, unless nothing was found.

    Parameters
    ----------
    counted
        Name of the count in the result's metadata.
    description
        What was found, in words.
    """
    first = dg.MetadataValue.md(markdown(found.head(ROWS_SHOWN)))
    return dg.AssetCheckResult(
        passed=found.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata={counted: found.height, "first": first},
    )
