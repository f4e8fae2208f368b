"""What a table promises: its columns, their units, its key; and the columns that many share.

A contract is a pandera model. There is no column without a unit and a sentence, and no frame
enters the warehouse without ``conform``.
"""

import types
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, cast

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from cryptopipe_assets.core.errors import ContractError

Timestamp = Annotated[pl.Datetime, "ms", "UTC"]

FAILURES_SHOWN = 5


def column(description: str, *, unit: str, **checks: Any) -> Any:
    """Declare a column: a sentence, a unit, and pandera's own checks (``ge=0``, ``nullable=True``).

    Units are ``UTC``, ``id``, ``quote`` (USDT for a USDT-margined contract), ``base`` (contract
    units), ``fraction``, ``hours``, ``seconds``, ``count``, ``flag``, ``label`` or a compound of
    these.
    """
    return pa.Field(description=description, metadata={"unit": unit}, **checks)


class Table(pa.DataFrameModel):
    """Base of every contract: exactly these columns, these dtypes and a unique key."""

    class Config:
        """Nothing beyond the declared columns, and no silent cast of a wrong dtype."""

        strict = True
        coerce = False

    @pa.dataframe_check(description="no float is NaN or infinite; what is unknown is null")
    def floats_are_finite(cls, data: pa.PolarsData) -> pl.LazyFrame:  # noqa: N805
        """NaN compares, sorts and averages in surprising ways, so it never enters a table."""
        floats = [
            name for name, dtype in data.lazyframe.collect_schema().items() if dtype.is_float()
        ]
        finite = [pl.col(name).is_finite().fill_null(value=True) for name in floats]
        return data.lazyframe.select(pl.all_horizontal(finite or [pl.lit(value=True)]))

    @classmethod
    def table_name(cls) -> str:
        """Name of the table, its file, asset, folder and view."""
        return cast(str, cls.to_schema().name)

    @classmethod
    def columns(cls) -> list[str]:
        """Names of the columns in the order in which they are stored."""
        return list(cls.to_schema().columns)

    @classmethod
    def polars_schema(cls) -> pl.Schema:
        """Column names and Polars dtypes, in order."""
        return pl.Schema({name: col.dtype.type for name, col in cls.to_schema().columns.items()})

    @classmethod
    def key(cls) -> list[str]:
        """Columns that identify a row; they are also the order in which rows are stored."""
        unique = cls.to_schema().unique
        return [unique] if isinstance(unique, str) else list(unique or [])

    @classmethod
    def has_days(cls) -> bool:
        """Whether the rows are kept in a file a day, which Dagster's partitions name."""
        return not issubclass(cls, (Registry, Ledger))

    @classmethod
    def keeps_versions(cls) -> bool:
        """Whether what a row said before is kept: it can be read as of an instant."""
        return issubclass(cls, (Collected, Derived))

    @classmethod
    def units(cls) -> dict[str, str]:
        """Unit of every column."""
        return {name: col.metadata["unit"] for name, col in cls.to_schema().columns.items()}

    @classmethod
    def descriptions(cls) -> dict[str, str]:
        """One sentence on every column."""
        return {name: col.description for name, col in cls.to_schema().columns.items()}

    @classmethod
    def empty_frame(cls) -> pl.DataFrame:
        """Return a frame with the contract's columns and no rows."""
        return pl.DataFrame(schema=cls.polars_schema())

    @classmethod
    def conform(cls, frame: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
        """Return ``frame`` with the contract's columns, in order, cast, sorted by key and checked.

        The frame is collected first: pandera looks at the values of an eager frame only.

        Raises
        ------
        ContractError
            Naming the table, the column, the check, how often it failed, and some of the rows.
        """
        wanted = cls.polars_schema()
        eager = frame.lazy().collect()
        _require_columns(cls.table_name(), eager.columns, list(wanted))
        ordered = eager.select(pl.col(name).cast(dtype) for name, dtype in wanted.items())
        ordered = ordered.sort(cls.key()) if cls.key() else ordered
        try:
            checked = cls.validate(ordered, lazy=True)
        except SchemaErrors as exc:
            raise ContractError(_describe(cls.table_name(), exc, ordered)) from exc
        return cast(pl.DataFrame, checked)


def _require_columns(table: str, came: Sequence[str], expected: Sequence[str]) -> None:
    missing = [name for name in expected if name not in came]
    unknown = [name for name in came if name not in expected]
    if missing or unknown:
        raise ContractError(
            f"{table}: expected the columns of the contract; missing {missing}, not in it {unknown}"
        )


def _describe(table: str, failure: SchemaErrors, frame: pl.DataFrame) -> str:
    """Say which promises were broken, how often, and show the first offending rows."""
    cases = cast(pl.DataFrame, failure.failure_cases)
    broken = cases.group_by("column", "check").len("rows").sort("rows", "column", descending=True)
    promises = "; ".join(
        f"{row['column'] or 'table'}: {row['check']} failed on {row['rows']} rows"
        for row in broken.iter_rows(named=True)
    )
    indices = sorted({i for i in cases["index"].to_list() if i is not None})[:FAILURES_SHOWN]
    sample = "; ".join(
        ", ".join(f"{name}={value}" for name, value in row.items())
        for row in frame[indices].iter_rows(named=True)
    )
    return (
        f"{table}: {frame.height} rows break the contract: {promises}. "
        f"First rows: {sample or 'none'}"
    )


class Stamped(Table):
    """A table that knows when each row became usable."""

    ts: Timestamp = column("Event time; for bars, the open.", unit="UTC")
    available_at: Timestamp = column(
        "First instant at which the row could have been used.", unit="UTC"
    )

    @pa.dataframe_check(description="no row is available before its event")
    def available_after_event(cls, data: pa.PolarsData) -> pl.LazyFrame:  # noqa: N805
        """Look-ahead is a broken contract, not a warning."""
        return data.lazyframe.select(pl.col("available_at") >= pl.col("ts"))


class Collected(Stamped):
    """A row as a vendor gave it, with the trace of how it came in."""

    ingested_at: Timestamp = column("When we first stored this version of the row.", unit="UTC")
    source: str = column("Vendor that gave the row.", unit="id")


class Registry(Collected):
    """A table without days: every version of every entry, in one file.

    ``ts`` and ``available_at`` are the instant at which a version was first seen.
    """


class SymbolRecord(Registry):
    """A registry that is filled one symbol at a time, on demand: nothing makes it late."""


class Derived(Stamped):
    """A row made from other tables, with when this version of it was published."""

    derived_at: Timestamp = column(
        "When a run first published this version of the row; null where that was not noted.",
        unit="UTC",
        nullable=True,
    )

    @classmethod
    def conform(cls, frame: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
        """As of ``Table``; when a row is published is noted by the commit, which fills the column.

        Raises
        ------
        ContractError
        """
        return super().conform(with_derived_at(frame.lazy()))


def with_derived_at(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of a derived table with ``derived_at``, which files of earlier versions lack: null."""
    if "derived_at" in rows.collect_schema():
        return rows
    return rows.with_columns(pl.lit(None, pl.Datetime("ms", "UTC")).alias("derived_at"))


class Ledger(Derived):
    """A table without days that says how things stand: one file, replaced as a whole.

    Made from other tables and from its own earlier content, such as when a thing was first seen.
    """


def stamped(
    frame: pl.DataFrame, contract: type[Table], *, source: str, at: datetime
) -> pl.DataFrame:
    """Add to a vendor's rows where and when they came from, in the order of the contract."""
    return frame.with_columns(
        source=pl.lit(source), ingested_at=pl.lit(at).dt.cast_time_unit("ms")
    ).select(contract.columns())


def extended(
    base: type[Table],
    *,
    name: str,
    module: str,
    doc: str,
    columns: Mapping[str, Any],
    key: Sequence[str] = (),
) -> type[Table]:
    """Contract with the columns of ``base`` and more, for tables whose columns are data.

    Parameters
    ----------
    module
        ``__name__`` of the file that declares it: the folder is the layer.
    columns
        Column name to (Python type, ``column(...)``), in order.
    key
        Columns that identify a row, if not those of ``base``.
    """
    own = {"name": name, **({"unique": list(key)} if key else {})}
    namespace = {
        "__doc__": doc,
        "__module__": module,
        "__annotations__": {key: kind for key, (kind, _) in columns.items()},
        "Config": type("Config", (base.Config,), own),
        **{key: declared for key, (_, declared) in columns.items()},
    }
    return types.new_class(name, (base,), exec_body=lambda body: body.update(namespace))
