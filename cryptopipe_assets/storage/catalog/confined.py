"""Queries that read the warehouse, and neither read nor write anything else.

DuckDB opens whatever a query names: ``read_csv('/etc/passwd')``, or ``COPY ... TO`` a file of the
lake. A query may come from a colleague, a notebook or a model.
"""

import contextlib
from collections.abc import Iterator

import duckdb

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.storage.catalog.catalog import connect
from cryptopipe_assets.storage.lake import Lake

READING = frozenset(
    {
        duckdb.StatementType.SELECT,
        duckdb.StatementType.EXPLAIN,
        duckdb.StatementType.PRAGMA,
        duckdb.StatementType.CALL,
        duckdb.StatementType.SET,
        duckdb.StatementType.CREATE,  # of temporary tables: the catalog is open read-only
        duckdb.StatementType.MULTI,  # what PIVOT is made of
    }
)
"""Statements that write no file of the folders that they may read."""

WRITING = frozenset({"attach", "copy", "create", "delete", "export", "import", "insert", "update"})
"""Words that a statement to be explained may not hold: EXPLAIN ANALYZE carries it out."""


@contextlib.contextmanager
def confined(lake: Lake, query: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the catalog for a query that may read files of the warehouse, and no others.

    The current folder is the one above the warehouse while the block lasts: DuckDB holds the
    relative paths of the views against the folders that are allowed.

    Raises
    ------
    RequestError
        If the query would write, load an extension or open another database.
    StorageError, CorruptFile
        As of ``connect``.
    """
    require_reading(query)
    root = lake.root.resolve()
    with contextlib.chdir(root.parent), connect(Lake(root)) as connection:
        folders = ", ".join(f"'{_quoted(each)}'" for each in (str(root), root.name))
        connection.execute(f"SET allowed_directories = [{folders}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def require_reading(query: str) -> None:
    """Check that every statement of a query only reads.

    Raises
    ------
    RequestError
        Naming the first that does not. What DuckDB cannot parse passes: it refuses it itself.
    """
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error:
        return
    for each in statements:
        explains = each.type == duckdb.StatementType.EXPLAIN
        if each.type not in READING or (explains and _words(each.query) & WRITING):
            words = " ".join(each.query.split())
            raise RequestError(
                f"a query may read the tables, and this one does more: {words[:80]!r}. It was not "
                "run; add --unsafe if it shall write files, open others or load extensions"
            )


def _words(statement: str) -> set[str]:
    """Keywords of a statement, without names, constants and comments."""
    tokens = duckdb.tokenize(statement)
    starts = [start for start, _ in tokens]
    return {
        statement[start:end].strip().lower()
        for (start, kind), end in zip(tokens, [*starts[1:], len(statement)], strict=True)
        if kind == duckdb.token_type.keyword
    }


def _quoted(text: str) -> str:
    return text.replace("'", "''")
