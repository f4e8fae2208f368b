"""What an answer comes as. What costs time to import is imported when it is asked for."""

from typing import Literal, cast, get_args

import polars as pl

from cryptopipe_assets.core.errors import RequestError

Form = Literal["polars", "lazy", "pandas", "arrow", "duckdb"]
"""A Polars DataFrame or LazyFrame, a pandas DataFrame, a pyarrow Table, or a DuckDB relation over
rows that are held in memory."""


def require_form(form: str) -> None:
    """Refuse a form that there is not.

    Raises
    ------
    RequestError
        Naming the forms.
    """
    if form not in get_args(Form):
        raise RequestError(f"as_: expected one of {', '.join(get_args(Form))}, came {form!r}")


def formed(frame: pl.DataFrame, form: Form) -> object:
    """The frame as what was asked for; Polars' own is not copied.

    Raises
    ------
    RequestError
        If pandas is asked for and not installed.
    """
    if form == "polars":
        return frame
    if form == "lazy":
        return frame.lazy()
    if form == "pandas":
        return _as_pandas(frame)
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())  # what every reader of Arrow knows
    if form == "arrow":
        return table
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection.from_arrow(table)


def _as_pandas(frame: pl.DataFrame) -> object:
    try:
        import pandas  # noqa: F401 - asked for by name, so that its absence is told from others
    except ImportError:
        raise RequestError(
            "as_='pandas' needs pandas, which cryptopipe does not bring along: pip install "
            "pandas; or take as_='polars'"
        ) from None
    return cast(object, frame.to_pandas())
