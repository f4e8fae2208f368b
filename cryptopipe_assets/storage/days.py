"""The one daily partition definition that every time series shares."""

from datetime import date

import polars as pl

from cryptopipe_assets.core.errors import ContractError


def rows_by_day(frame: pl.DataFrame, days: list[date], *, of: str) -> dict[date, pl.DataFrame]:
    """Rows of each day; a day without rows has an empty frame.

    Parameters
    ----------
    frame
        With the column ts.
    of
        Name of the table, for the message.

    Raises
    ------
    ContractError
        If a row is outside of ``days``: it would be lost.
    """
    day = pl.col("ts").dt.date()
    stray = frame.filter(~day.is_in(days))
    if stray.height:
        raise ContractError(
            f"{of}: {stray.height} rows are outside of {days[0]} to {days[-1]}, "
            f"first at {stray['ts'][0]}"
        )
    labelled = frame.with_columns(day.alias("_day"))
    parts = labelled.partition_by("_day", as_dict=True, include_key=False, maintain_order=True)
    return {each: parts.get((each,), frame.clear()) for each in days}
