"""A child process that never outlives its parent, not even one that was killed.

The parent holds the writing end of a pipe, the child reads the other one: at its end, which comes
however the parent goes, the child interrupts itself. It is in a session of its own, so that Ctrl-C
reaches the parent alone, which then ends its children in order.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

LONGEST_FAREWELL_SECONDS = 60


class Child:
    """A module of this folder that runs as ``python -m module arguments --lifeline FD``.

    Parameters
    ----------
    module, arguments
        What to run; the module calls ``hold`` with the number that it is told.
    environment, folder
        Of the process; ours where they are null.
    """

    def __init__(
        self,
        module: Literal["service", "processes"],
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        reading, self._writing = os.pipe()
        command: Sequence[str] = (sys.executable, "-m", f"{__package__}.{module}", *arguments)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                [*command, "--lifeline", str(reading)],
                pass_fds=[reading],
                env=environment,
                cwd=folder,
                start_new_session=True,
            )
        finally:
            os.close(reading)

    @property
    def ended(self) -> int | None:
        """The exit code of a process that has ended, else null."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        return self._process.wait()

    def let_go(self) -> None:
        """Have it interrupted; it then ends in its own time. Has no effect the second time."""
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1

    def end(self) -> None:
        """Let it go, wait, and kill what does not end in a minute."""
        self.let_go()
        try:
            self._process.wait(timeout=LONGEST_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def hold(lifeline: int) -> None:
    """Interrupt this process when its parent lets go of it or is gone."""
    threading.Thread(target=_until_end, args=(lifeline,), daemon=True, name="lifeline").start()


def _until_end(lifeline: int) -> None:
    while os.read(lifeline, 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(LONGEST_FAREWELL_SECONDS)
    os._exit(1)
