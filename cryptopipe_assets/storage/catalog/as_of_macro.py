"""``<table>_as_of(t)`` in DuckDB: the reading of `as_of` for people who query in SQL."""

from collections.abc import Iterator

from cryptopipe_assets.core.schema import Collected, Derived
from cryptopipe_assets.storage.merge import order_of_versions

CLOCKS = ("available_at", "ingested_at")


def derived_as_of_macro(
    contract: type[Derived], *, current: str, revisions: str | None
) -> Iterator[str]:
    """Statements that define the macro of a derived table; see ``derived_versions``."""
    name, key = f"{contract.table_name()}_as_of", ", ".join(contract.key())
    first_known = _first_known("derived_at")
    unrevised = f"SELECT * FROM {current}"
    body = f"{unrevised} WHERE {first_known} <= t"
    if revisions is not None:
        body = f"""
            {unrevised} ANTI JOIN {revisions} AS r USING ({key}) WHERE {first_known} <= t
            UNION ALL BY NAME
            SELECT * EXCLUDE (superseded_at, version, before, begin_at) FROM (
                SELECT *,
                    row_number() OVER (PARTITION BY {key} ORDER BY superseded_at NULLS LAST)
                        AS version,
                    lag(superseded_at) OVER (PARTITION BY {key} ORDER BY superseded_at NULLS LAST)
                        AS before,
                    CASE WHEN version = 1 THEN {first_known}
                    ELSE greatest(available_at, derived_at, before) END AS begin_at
                FROM (
                    SELECT * FROM {revisions}
                    UNION ALL BY NAME
                    SELECT *, NULL::TIMESTAMPTZ AS superseded_at
                    FROM {current} SEMI JOIN {revisions} AS r USING ({key})
                )
            )
            WHERE begin_at <= t AND (superseded_at IS NULL OR superseded_at > t)
        """
    yield f"CREATE MACRO c.{name}(t, clock := 'available_at') AS TABLE {body}"
    yield (
        f"COMMENT ON MACRO TABLE c.{name} IS 'Rows of {contract.table_name()} as published at t. "
        f"By the clock available_at first versions count from when they could have been used, "
        f"later ones from when they were derived; by ingested_at all from when they were derived.'"
    )


def as_of_macro(contract: type[Collected], *, current: str, revisions: str | None) -> Iterator[str]:
    """Statements that define the macro in the catalog ``c`` and say what it does.

    Parameters
    ----------
    current, revisions
        What to read the table and its superseded versions from; null if none was ever superseded.
    """
    name, key = f"{contract.table_name()}_as_of", ", ".join(contract.key())
    unrevised = f"SELECT * FROM {current}"
    body = f"{unrevised} WHERE {_first_known()} <= t"
    if revisions is not None:
        order = order_of_versions(contract.columns(), contract.key())[len(contract.key()) :]
        oldest = ", ".join(f"{column} ASC NULLS FIRST" for column in order)
        newest = ", ".join(f"{column} DESC NULLS LAST" for column in order)
        body = f"""
            {unrevised} ANTI JOIN {revisions} AS r USING ({key}) WHERE {_first_known()} <= t
            UNION ALL
            SELECT * EXCLUDE (version, known_at) FROM (
                SELECT *,
                    row_number() OVER (PARTITION BY {key} ORDER BY {oldest}) AS version,
                    CASE WHEN version = 1 THEN {_first_known()}
                    ELSE greatest(available_at, ingested_at) END AS known_at
                FROM (
                    SELECT * FROM {current} SEMI JOIN {revisions} AS r USING ({key})
                    UNION SELECT * FROM {revisions}
                )
            )
            WHERE known_at <= t
            QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {newest}) = 1
        """
    yield f"CREATE MACRO c.{name}(t, clock := 'available_at') AS TABLE {body}"
    yield (
        f"COMMENT ON MACRO TABLE c.{name} IS 'Rows of {contract.table_name()} as known at t. "
        f"By the clock available_at first versions count from when they could have been used, "
        f"revisions from when we stored them; by ingested_at all from when we stored them.'"
    )


def _first_known(noted_at: str = "ingested_at") -> str:
    """When a first version was known, by the chosen clock."""
    return (
        "CASE clock WHEN 'available_at' THEN available_at "
        f"WHEN 'ingested_at' THEN greatest(available_at, {noted_at}) "
        f"ELSE error('clock is one of {' and '.join(CLOCKS)}') END"
    )
