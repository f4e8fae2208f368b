"""Whether a warehouse holds live, recorded or simulated rows, so that they never mix."""

from pathlib import Path

from cryptopipe_assets.core.errors import StorageError

MARK = ".origin"
ORIGINS = ("live", "recorded", "simulated")


def origin_of(warehouse: Path) -> str | None:
    """``live``, ``recorded`` or ``simulated``; None for a warehouse that was never written.

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
    if origin not in ORIGINS:
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
        believed.
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
            f"another folder (--warehouse or CRYPTOPIPE_WAREHOUSE), or delete this one"
        )


def _write(path: Path, origin: str) -> None:
    path.write_text(f"{origin}\n", encoding="utf-8")
