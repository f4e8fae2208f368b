"""Make every program of this environment find Dagster's home. Run once by ``make setup``.

Dagster insists on an absolute DAGSTER_HOME and falls back to a throw-away instance without one, so
that a run started from a shell would leave no trace in the UI. A ``.pth`` file of the virtual
environment sets the variable when Python starts, unless the user has set it.
"""

import sys
import sysconfig
from pathlib import Path

NAME = "cryptopipe-dagster-home.pth"


def install(home: Path, site_packages: Path) -> Path:
    """Write the ``.pth`` file; returns its path."""
    target = site_packages / NAME
    target.write_text(f"import os; os.environ.setdefault('DAGSTER_HOME', {str(home)!r})\n")
    return target


if __name__ == "__main__":
    install(Path(sys.argv[1]).resolve(), Path(sysconfig.get_paths()["purelib"]))
