"""Dagster's home, so that a user never has to think about it.

Dagster insists on an absolute DAGSTER_HOME and falls back to a throw-away instance without one, so
that a run started from a shell would leave no trace in the UI. Our own commands set the variable;
for Dagster's, ``make setup`` runs this file, which leaves a ``.pth`` file in the virtual
environment that sets it when Python starts, unless the user has set it: to the home of the project
folder in which Python starts, else to the checkout's. Before one of Dagster's commands it also has
this file create the databases of a home that has none.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

from filelock import FileLock, Timeout

from cryptopipe_assets.config.project import VARIABLE as HOME
from cryptopipe_assets.config.project import template
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import ConfigError, StorageError
from cryptopipe_assets.runtime.at_start import READY
from cryptopipe_assets.storage.atomic import write_atomically

DAGSTER_YAML = "dagster.yaml"
PTH = "cryptopipe-dagster-home.pth"
AT_START = """
try:
    import sys
    from cryptopipe_assets.runtime.at_start import prepare
except ImportError:
    pass
else:
    prepare(os.environ, sys.orig_argv)
"""
LOCK = ".databases.lock"
LONGEST_WAIT_SECONDS = 120


def export_dagster_home(settings: Settings) -> None:
    """Make Dagster's home ready and set, for this process, where it is.

    A home without a dagster.yaml gets the one that every new project folder has. Of several
    processes that find a new home one creates Dagster's databases and the others wait: two that
    create them at once run into each other's tables.

    Raises
    ------
    ConfigError
        If the folder cannot be made or written, or another process never ends creating it.
    """
    home = settings.dagster_home
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / DAGSTER_YAML).exists():
            source = template(f"dagster_home/{DAGSTER_YAML}")
            # whoever reads it meanwhile sees all of it or none
            write_atomically(home / DAGSTER_YAML, lambda path: _copy(source, path))
        os.environ["DAGSTER_HOME"] = str(home)
        if not (home / READY).exists():
            _create_databases(home)
    except OSError as exc:
        raise ConfigError(
            f"DAGSTER_HOME: cannot write {home}: {exc.strerror}; choose another folder"
        ) from None
    except StorageError as exc:
        raise ConfigError(f"DAGSTER_HOME: {exc}") from None


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _create_databases(home: Path) -> None:
    """Let Dagster create what it lacks, alone; whoever comes second finds it done."""
    try:
        with FileLock(home / LOCK, timeout=LONGEST_WAIT_SECONDS):
            if (home / READY).exists():
                return
            import dagster as dg  # takes seconds, and only a new home needs it

            with dg.DagsterInstance.get() as instance:
                instance.get_runs(limit=1)
                instance.all_asset_keys()
                instance.all_instigator_state()
            (home / READY).touch()
    except Timeout:
        raise ConfigError(
            f"DAGSTER_HOME: another process has been creating {home} for more than "
            f"{LONGEST_WAIT_SECONDS} seconds; is one hung? End it and try again"
        ) from None


def service_environment(settings: Settings) -> dict[str, str]:
    """Environment of Dagster's services: ours with the project folder, less an idle notice.

    ``dagster dev`` announces its successor ``dg dev`` at every start.
    """
    return {
        **os.environ,
        HOME: str(settings.home),
        "PYTHONWARNINGS": "ignore:Function `dev_command`",
    }


def dagster_command(settings: Settings) -> str:
    """How a person types ``dagster`` so that it finds the home of this project folder."""
    return "dagster" if _pth().is_file() else f"DAGSTER_HOME={settings.dagster_home} dagster"


def install() -> Path:
    """Write the ``.pth`` file; returns its path.

    It is one line, read at every start of Python: it imports what costs milliseconds, and says
    nothing where that is not there, as in a checkout of an earlier version.
    """
    target, line = _pth(), f"import os; exec({AT_START!r})\n"
    # a Python that starts meanwhile reads all of it or none
    write_atomically(target, lambda path: _write(line, path))
    return target


def _write(line: str, target: Path) -> None:
    target.write_text(line)


def _pth() -> Path:
    return Path(sysconfig.get_paths()["purelib"]) / PTH


if __name__ == "__main__":
    if sys.argv[1:] == ["create"]:
        _create_databases(Path(os.environ["DAGSTER_HOME"]))
    else:
        install()
