"""What happens at every start of Python in the environment that ``make setup`` made.

Imported by a ``.pth`` file, before everything else and by every process: it imports what costs
milliseconds, and raises nothing.
"""

import subprocess
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path

from cryptopipe_assets.config.project import VARIABLE as HOME
from cryptopipe_assets.config.project import default_dagster_home

READY = ".databases-created"
CREATE = "cryptopipe_assets.runtime.dagster_home"
LONGEST_CREATION_SECONDS = 180

DAGSTERS = {"dagster", "dagster-daemon", "dagster-webserver", "dg"}
DAGSTERS_MODULES = {"dagster", "dagster._daemon", "dagster_webserver"}


def prepare(environment: MutableMapping[str, str], command: Sequence[str]) -> None:
    """Say where Dagster's home is, and have a new one made whole before a command of Dagster's.

    Several of those that find a new home would each create its databases and run into each other's
    tables. Our own commands see to that themselves.

    Parameters
    ----------
    environment
        Of this process; a ``DAGSTER_HOME`` that is set is left.
    command
        How this process was started, with its Python first.
    """
    environment.setdefault("DAGSTER_HOME", default_dagster_home(environment.get(HOME)))
    home = environment["DAGSTER_HOME"]
    if not home or not is_dagsters(command) or not Path(home).is_dir():
        return
    if (Path(home) / READY).exists():
        return
    try:
        subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", CREATE, "create"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_CREATION_SECONDS,
            check=False,  # the command that follows says what is wrong
        )
    except (OSError, subprocess.SubprocessError):
        return


def is_dagsters(command: Sequence[str]) -> bool:
    """Whether a process was started as one of Dagster's own commands."""
    arguments = list(command[1:])
    while arguments and arguments[0].startswith("-") and arguments[0] not in ("-m", "-c"):
        arguments.pop(0)
    if len(arguments) > 1 and arguments[0] == "-m":
        return arguments[1] in DAGSTERS_MODULES
    return bool(arguments) and Path(arguments[0]).name in DAGSTERS
