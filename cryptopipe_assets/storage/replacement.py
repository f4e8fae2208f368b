"""Putting a new file in the place of another while nobody has that open.

A DuckDB client opens a file by its path for the footer, and again for the columns, once for each
thread. Where the file is replaced in between, the columns of one are read by the footer of the
other, and the query fails. Our own doors ask again; a client that only knows the catalog cannot
be told to. But while it reads, it has the file open, and Linux grants a write lease
(``fcntl(F_SETLEASE)``) to a process only while nobody else has: whoever opens the file then waits
until the lease is given back.
"""

import errno
import fcntl
import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

LONGEST_WAIT_SECONDS = 2.0
"""Of a writer for the readers of a file; one that has it open for longer will not open it again."""

_PAUSE_SECONDS = 0.0005


def replace(temporary: Path, path: Path) -> None:
    """Rename ``temporary`` to ``path``, while nobody has open what is there, if possible.

    It is done after ``LONGEST_WAIT_SECONDS`` in any case, and at once where there are no leases:
    another system than Linux, a network drive, a file of another user.

    Raises
    ------
    OSError
        If it cannot be renamed.
    """
    kept = temporary.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        if not hasattr(fcntl, "F_SETLEASE") or not _replaced_unopened(temporary, path, kept):
            temporary.replace(path)
    finally:
        with suppress(OSError):
            kept.unlink(missing_ok=True)


def _replaced_unopened(temporary: Path, path: Path, kept: Path) -> bool:
    """Whether it was replaced; ``kept`` may be there then, another name of the file before."""
    until, new = time.monotonic() + LONGEST_WAIT_SECONDS, temporary.stat()
    with ExitStack() as stack:
        try:
            before = _opened(stack, path)
            os.link(path, kept)
            # Who opens the new file before it is known whether it stays, waits until it does.
            stack.enter_context(_leased(_opened(stack, temporary)))
            while time.monotonic() < until:
                with _leased(before) as is_leased:
                    if is_leased:
                        temporary.replace(path)
                        if not _is_awaited(before):
                            return True
                        # Somebody came to the file before just before it was renamed, and would
                        # open the new one next.
                        os.link(path, temporary)
                        kept.replace(path)
                        os.link(path, kept)
                time.sleep(_PAUSE_SECONDS)
        except OSError:  # nothing is there, or there are no leases
            return path.exists() and os.path.samestat(path.stat(), new)
    return False


def _opened(stack: ExitStack, path: Path) -> int:
    """A descriptor that is closed with the stack."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor


def _is_awaited(descriptor: int) -> bool:
    """Whether somebody waits to open what is leased."""
    return fcntl.fcntl(descriptor, fcntl.F_GETLEASE) != fcntl.F_WRLCK


@contextmanager
def _leased(descriptor: int) -> Iterator[bool]:
    """Whether nobody else has the file open, and nobody can open it in the block.

    Raises
    ------
    OSError
        If its file system grants no leases, or not to this user.
    """
    try:
        # That somebody waits is told by a signal, SIGIO by default, which ends a process that does
        # not expect it; this one is ignored. Giving a lease back makes it SIGIO again.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as exc:
        if exc.errno != errno.EAGAIN:
            raise
        yield False
        return
    try:
        yield True
    finally:  # not left to closing it: a process that was forked meanwhile has it, too
        with suppress(OSError):  # who waited for 45 seconds was let in without
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
