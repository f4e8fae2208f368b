"""The DuckDB catalog: views and macros over the Parquet files, and nothing else.

It can be deleted at any time; ``rebuild`` makes it again. Paths in the views are relative to the
folder above the warehouse: a person there opens the file as it is, and ``connect`` works from
anywhere. The file is written in the storage format of DuckDB 1.0, which every later client reads.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import duckdb

from cryptopipe_assets.core.errors import CorruptFile, StorageError
from cryptopipe_assets.core.schema import Table
from cryptopipe_assets.storage.atomic import half_written, write_atomically
from cryptopipe_assets.storage.catalog.schema_files import is_missing, write_schema_file
from cryptopipe_assets.storage.catalog.statements import FOLDER, quoted, statements
from cryptopipe_assets.storage.catalog.view_set import VIEWS
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.revisions import SUFFIX

CATALOG = "cryptopipe.duckdb"
SIGNATURE = ".catalog"

_MOST_KEPT = 32
_kept: dict[str, bytes] = {}
"""Catalogs that this process made lately, of 0.3 MB, by what they were made of.

All statements take half a second; the same ones for another warehouse take a copy.
"""


def refresh(lake: Lake, contracts: Sequence[type[Table]]) -> bool:
    """Bring the catalog up to date if it is missing or no longer says what it should.

    Called after every commit: it costs a comparison unless a table got its first file or a
    contract changed; then the statements of that table are put again and no others.
    """
    wanted = _signatures(statements(lake, contracts, absolute=False, on_disk=True))
    stored = _stored_signatures(lake)
    whole = not any(is_missing(lake, each) for each in _folders(contracts))
    is_there = (lake.root / CATALOG).is_file()
    if stored == wanted and whole and is_there:
        return False
    if not (is_there and stored.keys() == wanted.keys() and _amend(lake, contracts)):
        rebuild(lake, contracts)
    return True


def rebuild(lake: Lake, contracts: Sequence[type[Table]]) -> Path:
    """Write the catalog anew and put it in place in one step; open readers keep the old one.

    Parameters
    ----------
    contracts
        The tables to show. One without a file becomes an empty view with its columns.

    Returns
    -------
    Path of the catalog.
    """
    with lake.lock("catalog"):
        wanted = _signatures(statements(lake, contracts, absolute=False, on_disk=True))
        target = write_catalog(lake, contracts, lake.root / CATALOG)
        _store_signatures(lake, wanted)
    return target


def write_catalog(
    lake: Lake, contracts: Sequence[type[Table]], target: Path, *, absolute: bool = False
) -> Path:
    """Write a catalog of ``lake`` to ``target``.

    Parameters
    ----------
    absolute
        Put absolute paths in the views, for tools that start elsewhere.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    if "?" in str(target.absolute()):
        raise StorageError(
            f"DuckDB opens no file whose path has a question mark, as {target.absolute()} has; "
            f"rename the folder"
        )
    _write_schema_files(lake, contracts)
    said = list(chain(*statements(lake, contracts, absolute=absolute, on_disk=True).values()))
    try:
        write_atomically(target, lambda path: _execute(lake, path, said, contracts))
    except duckdb.Error as exc:
        raise half_written(target, exc) from exc
    return target


def _amend(lake: Lake, contracts: Sequence[type[Table]]) -> bool:
    """Put the statements again that differ from the catalog's, in a copy that takes its place.

    All statements take half a second, most of it for the comments of columns that did not change.

    Returns
    -------
    False if the catalog's file is not as it was written, so that only a rebuild helps.
    """
    with lake.lock("catalog"):
        _write_schema_files(lake, contracts)
        said = statements(lake, contracts, absolute=False, on_disk=True)
        wanted, stored = _signatures(said), _stored_signatures(lake)
        changed = [each for name in said if stored.get(name) != wanted[name] for each in said[name]]

        again = [re.sub(r"^CREATE ", "CREATE OR REPLACE ", each) for each in changed]
        target = lake.root / CATALOG
        try:
            before = target.read_bytes()
            write_atomically(
                target, lambda path: _execute(lake, path, again, contracts, before=before)
            )
        except (OSError, duckdb.Error):
            return False
        _store_signatures(lake, wanted)
    return True


def _execute(
    lake: Lake,
    path: Path,
    said: Sequence[str],
    contracts: Sequence[type[Table]],
    *,
    before: bytes = b"",
) -> None:
    """Write to ``path`` the catalog ``before``, with these statements executed in it."""
    # The types of columns are not in the statements: DuckDB finds them in the files.
    types = [(each.table_name(), each.polars_schema()) for each in contracts]
    made_of = hashlib.sha256(repr((types, said)).encode() + before).hexdigest()
    if made_of in _kept:
        path.write_bytes(_kept[made_of])
        return
    if before:
        path.write_bytes(before)
    one_thread = {**_search_path(lake), "threads": 1}  # more of them only wait for each other
    with duckdb.connect(config=one_thread) as connection:
        connection.execute(f"ATTACH '{quoted(path)}' AS c (STORAGE_VERSION 'v1.0.0')")
        connection.execute("USE c")  # views that read views name them without a catalog
        connection.begin()  # 700 statements: apart from each other they take thrice as long
        for statement in said:
            connection.execute(statement)
        connection.commit()
        connection.execute("USE memory")
        connection.execute("DETACH c")
    if len(_kept) == _MOST_KEPT:
        del _kept[next(iter(_kept))]
    _kept[made_of] = path.read_bytes()


def _write_schema_files(lake: Lake, contracts: Sequence[type[Table]]) -> None:
    for folder in _folders(contracts):
        if lake.has(folder):
            write_schema_file(lake, folder)


def connect(lake: Lake) -> duckdb.DuckDBPyConnection:
    """Open the catalog read-only, in UTC, with the views' paths resolved.

    Raises
    ------
    StorageError
        If there is no catalog yet, another process holds it read-write, or it was copied from
        another folder.
    CorruptFile
        If the file is not a DuckDB database.
    """
    path = lake.root / CATALOG
    if not path.is_file():
        raise StorageError(
            f"no catalog at {path}; fill the warehouse first: `cryptopipe demo`, or "
            f"`cryptopipe replay` with recorded files"
        )
    try:
        connection = duckdb.connect(str(path), read_only=True, config=_search_path(lake))
    except duckdb.IOException as exc:
        raise _cannot_open(path, exc) from exc
    _require_own(connection, lake)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _require_own(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Check that the catalog was made for the folder that it lies in; close it if it was not.

    Its views name the warehouse's folder: in a copy beside they would read the original's rows.

    Raises
    ------
    StorageError
    """
    try:
        [(folder,)] = connection.sql(f"SELECT {FOLDER}()").fetchall()
    except duckdb.CatalogException:  # a file of an earlier version does not tell
        return
    if folder != (here := lake.root.resolve().name):
        connection.close()
        raise StorageError(
            f"{lake.root / CATALOG} was made for a folder {folder!r} and lies in {here!r}: it was "
            f"copied or renamed, and would show the rows of the other one. Make it anew: "
            f"cryptopipe catalog"
        )


def in_memory(lake: Lake, contracts: Sequence[type[Table]]) -> duckdb.DuckDBPyConnection:
    """A catalog of what is there now that no file holds: nothing is locked, nothing written.

    It is in UTC, and works wherever the warehouse was moved to and whoever writes the catalog's
    file meanwhile. Comments are left out: they are most of the statements.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("ATTACH ':memory:' AS c")
    connection.execute("USE c")
    connection.begin()
    said = statements(lake, contracts, absolute=True, on_disk=False)
    for statement in chain(*said.values()):
        if not statement.startswith("COMMENT"):
            connection.execute(statement)
    connection.commit()
    return connection


def _search_path(lake: Lake) -> dict[str, str | bool | int | float | list[str]]:
    return {"file_search_path": str(lake.root.resolve().parent)}


def _folders(contracts: Sequence[type[Table]]) -> list[str]:
    """Folders of the warehouse that the catalog may show: of tables, and of their revisions."""
    names = sorted(each.table_name() for each in contracts)
    return [*names, *(name + SUFFIX for name in names)]


def _signatures(said: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Hash of each part; a view's changes with the tables that it reads, for DuckDB binds it."""
    reads = {view.name: view.tables for view in VIEWS}
    texts = {name: "\n".join(statements) for name, statements in said.items()}
    return {
        name: hashlib.sha256(
            "\n".join([text, *(texts[each] for each in reads.get(name, ()))]).encode()
        ).hexdigest()
        for name, text in texts.items()
    }


def _stored_signatures(lake: Lake) -> dict[str, str]:
    """What the catalog's file was made of; empty if nobody knows."""
    try:
        stored = json.loads((lake.root / SIGNATURE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # earlier versions kept one hash of everything
        return {}
    return stored if isinstance(stored, dict) else {}


def _store_signatures(lake: Lake, signatures: Mapping[str, str]) -> None:
    text = json.dumps(signatures, indent=0)
    write_atomically(lake.root / SIGNATURE, lambda path: _write_text(path, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _cannot_open(path: Path, cause: duckdb.IOException) -> StorageError:
    if "lock" in str(cause).lower():
        return StorageError(
            f"{path} is open for writing in another process; close it there, or open it there "
            f"read-only (duckdb -readonly {os.path.relpath(path)}), and try again"
        )
    return CorruptFile(
        f"{path} is not a readable DuckDB file; delete it and run `cryptopipe catalog`: "
        f"it holds views only, no data"
    )
