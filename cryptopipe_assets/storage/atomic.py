"""Writing a file so that a reader, a crash or a kill sees the old one or the new one.

The commit protocol: a dot-temp in the same folder, fsync, rename, fsync of the folder.
"""

import errno
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from glob import escape
from pathlib import Path

import polars as pl

from cryptopipe_assets.core.errors import StorageError
from cryptopipe_assets.storage import replacement

ELSEWHERE = "choose another folder with CRYPTOPIPE_WAREHOUSE"

READ_BY_PATH = ".parquet"
"""Files that clients open again and again within a query; others are opened once, and held."""

LONGEST_WRITE_SECONDS = 3600
"""A temporary file that nobody has touched for so long is nobody's, whoever has its number now."""

ADVICE = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EFBIG: "larger than this process may write; raise the limit (ulimit -f)",
    errno.EACCES: f"no permission; make the folder writable or {ELSEWHERE}",
    errno.EPERM: f"no permission; make the folder writable or {ELSEWHERE}",
    errno.EROFS: f"the file system is read-only; {ELSEWHERE}",
    errno.ENOTDIR: f"a file stands where a folder is needed; move it away or {ELSEWHERE}",
    errno.EEXIST: f"a file stands where a folder is needed; move it away or {ELSEWHERE}",
}

OF_READING = {
    errno.EMFILE: "this process has too many files open; raise the limit (ulimit -n)",
    errno.ENFILE: "the system has too many files open; close some programs and run again",
    errno.EIO: "the disk reports an input/output error; look at its health (dmesg, smartctl)",
    errno.EACCES: "no permission; make it readable to this user",
    errno.EPERM: "no permission; make it readable to this user",
    errno.EISDIR: "a folder stands where a file is expected; move it away",
    errno.ESTALE: "the network drive has lost it; mount the drive again",
}


def write_atomically(path: Path, write: Callable[[Path], None]) -> int:
    """Let ``write`` fill a temporary file, make it durable, and put it in the place of ``path``.

    The temporary name starts with a dot, so that no glob for ``*.parquet`` ever matches it.

    Returns
    -------
    Size of the new file in bytes.

    Raises
    ------
    StorageError
        If the folder or file cannot be written. What was at ``path`` is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        write(temporary)
        _sync(temporary)
        if path.suffix == READ_BY_PATH:
            replacement.replace(temporary, path)
        else:
            temporary.replace(path)
    except OSError as exc:
        raise not_writable(path, exc) from exc
    except pl.exceptions.PolarsError as exc:
        raise half_written(path, exc) from exc
    finally:
        with suppress(OSError):  # the failure above is the one to tell
            temporary.unlink(missing_ok=True)
    try:
        _sync(path.parent)
        return path.stat().st_size
    except OSError as exc:
        raise StorageError(
            f"{path} was written, but its folder could not be made durable: "
            f"{exc.strerror or exc}. The new file is there now, and a power cut may bring the old "
            f"one back; look at the disk, then run again"
        ) from exc


def half_written(path: Path, failure: Exception) -> StorageError:
    """Of a library that tells of a disk which fills up in the middle of a file in its own words."""
    why = str(failure).splitlines()[0]
    return StorageError(f"cannot write {path}: {why}; is the disk full? Nothing was changed")


def not_readable(path: Path, failure: OSError) -> StorageError:
    """Say in one line why ``path`` could not be read, which says nothing of what is in it."""
    why = OF_READING.get(failure.errno or 0, f"{failure.strerror or failure}")
    return StorageError(f"cannot read {path}: {why}. Nothing says that the file is damaged")


def not_writable(path: Path, failure: OSError) -> StorageError:
    """Say in one line why ``path`` could not be written and what to do."""
    code = failure.errno or 0
    advice = ADVICE.get(code, f"{failure.strerror or failure}")
    return StorageError(f"cannot write {path}: {advice}. Nothing was changed")


def _remove_leftovers(path: Path) -> None:
    """Delete temporaries of writers that were killed; those of writers that live are theirs."""
    for leftover in path.parent.glob(f".{escape(path.name)}.*.tmp"):
        if not _is_being_written(leftover):
            leftover.unlink(missing_ok=True)


def _is_being_written(temporary: Path) -> bool:
    """Whether the process that its name tells may still be filling it."""
    writer = temporary.name.removesuffix(".tmp").rsplit(".", 2)[1]
    try:
        if time.time() - temporary.stat().st_mtime > LONGEST_WRITE_SECONDS:
            return False
        os.kill(int(writer), 0)
    except (ValueError, ProcessLookupError, FileNotFoundError, OverflowError):
        return False
    except OSError:  # it is there, and another user's
        return True
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
