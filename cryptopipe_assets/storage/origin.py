"""Whether a warehouse holds live, recorded or simulated rows, so that they never mix."""

from pathlib import Path

from cryptopipe_assets.core.errors import StorageError

MARK = ".origin"


def origin_of(warehouse: Path) -> str | None:
    """``live``, ``recorded`` or ``simulated``; None for a warehouse that was never written."""
    mark = warehouse / MARK
    return mark.read_text(encoding="utf-8").strip() if mark.is_file() else None


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
