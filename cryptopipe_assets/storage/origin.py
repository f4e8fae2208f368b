"""Which rows a warehouse holds, so that those that do not belong together never mix.

They are live, recorded or simulated; and they are point in time, or computed with keys of
``[compat]``, of which one looks ahead.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from cryptopipe_assets.core.errors import StorageError

MARK = ".origin"
ORIGINS = ("live", "recorded", "simulated")
_MARK = re.compile(rf"({'|'.join(ORIGINS)})( \(compat: [a-z_]+(, [a-z_]+)*\))?")


def with_compat(origin: str, keys: Iterable[str]) -> str:
    """The origin of rows that are computed with these keys of ``[compat]``.

    As in ``recorded (compat: forward_filled_caps, latest_caps)``; ``origin`` itself without keys.
    """
    named = ", ".join(sorted(keys))
    return f"{origin} (compat: {named})" if named else origin


def origin_of(warehouse: Path) -> str | None:
    """What was claimed: ``live``, ``recorded`` or ``simulated``, with keys of ``[compat]``.

    None for a warehouse that was never written.

    Raises
    ------
    StorageError
        If the mark is there and says something else.
    """
    mark = warehouse / MARK
    try:
        said = mark.read_bytes() if mark.is_file() else None
    except OSError as exc:
        raise StorageError(f"cannot read {mark}: {exc.strerror}") from exc
    if said is None:
        return None
    origin = said.decode("utf-8", "replace").strip()
    if not _MARK.fullmatch(origin):
        raise StorageError(
            f"{mark} is damaged: expected {', '.join(ORIGINS)}, got {origin[:40]!r}; write into it "
            "which of them the rows of this warehouse are, or restore a backup"
        )
    return origin


def claim(warehouse: Path, origin: str) -> None:
    """Mark the warehouse as holding rows of ``origin``.

    Raises
    ------
    StorageError
        If it already holds rows of another origin: a simulated bar beside a real one would be
        believed, and so would a row that looks ahead beside those that were known in time.
    """
    from cryptopipe_assets.storage.atomic import write_atomically
    from cryptopipe_assets.storage.lake import Lake

    present = origin_of(warehouse)
    if present is None:
        with Lake(warehouse).lock("origin"):  # of several first claims one is the first
            present = origin_of(warehouse)
            if present is None:
                write_atomically(warehouse / MARK, lambda path: _write(path, origin))
                return
    if present != origin:
        raise StorageError(
            f"{warehouse} holds {present} rows and this run would add {origin} ones; choose "
            f"another folder (--warehouse or CRYPTOPIPE_WAREHOUSE), "
            + (
                "or set the keys of [compat] in cryptopipe.toml as they were"
                if kind_of(present) == kind_of(origin)
                else "or delete this one"
            )
        )


def kind_of(origin: str) -> str:
    """``live``, ``recorded`` or ``simulated``, without the keys of ``[compat]``."""
    return origin.split(" ", 1)[0]


def _write(path: Path, origin: str) -> None:
    path.write_text(f"{origin}\n", encoding="utf-8")
