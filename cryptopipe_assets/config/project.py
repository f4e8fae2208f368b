"""The project folder: where it is, and the files that a new one begins with.

A project folder holds ``cryptopipe.toml``, ``.env``, ``workspace.yaml``, ``dagster_home/`` and
``warehouse/``. A checkout of the repository is one; ``cryptopipe init`` makes others. Nothing is
written beside the code, and nothing is looked for when this module is imported.
"""

from collections.abc import Iterator
from pathlib import Path

from cryptopipe_assets.core.errors import ConfigError

VARIABLE = "CRYPTOPIPE_HOME"
MARKER = "cryptopipe.toml"
"""The file that makes a folder a project folder."""

TEMPLATES = Path(__file__).with_name("template")

FILES = {
    MARKER: "cryptopipe.toml",
    ".env": "env",
    ".gitignore": "gitignore",
    "workspace.yaml": "workspace.yaml",
    "dagster_home/dagster.yaml": "dagster.yaml",
    "first-look.ipynb": "first-look.ipynb",
}
"""File of a new project folder to its template. Most are the repository's own files, linked."""

FOLDERS = ("warehouse", "dagster_home")


def template(name: str) -> Path:
    """Path of the template of a file of ``FILES``."""
    return TEMPLATES / FILES[name]


def find_home(told: str | None, start: Path | None = None) -> Path:
    """The project folder.

    Parameters
    ----------
    told
        What ``CRYPTOPIPE_HOME`` says; None or empty if it is not set.
    start
        Where the search begins; the current folder by default.

    Returns
    -------
    Absolute path: ``told``, else the nearest folder from ``start`` upwards that has a
    ``cryptopipe.toml``, else the checkout that holds this code.

    Raises
    ------
    ConfigError
        If ``told`` is no folder, or if there is no project folder: it says how to make one.
    """
    if told:
        home = Path(told).expanduser().resolve()
        if not home.is_dir():
            raise ConfigError(
                f"{VARIABLE}: {home} is not a folder; make a project folder there with "
                f"`cryptopipe init {home}`, or correct the variable"
            )
        return home
    here = start or _current_folder()
    if (found := home_above(here) or checkout()) is not None:
        return found
    raise ConfigError(
        f"no project folder: neither {here} nor a folder above it has a {MARKER}; make one with "
        f"`cryptopipe init my-desk`, or set {VARIABLE} to one"
    )


def home_above(folder: Path) -> Path | None:
    """The nearest of ``folder`` and those above it that has a ``cryptopipe.toml``, if one has."""
    return next((each for each in _upwards(folder) if (each / MARKER).is_file()), None)


def checkout() -> Path | None:
    """The checkout of the repository that holds this code; None for an installed package."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / MARKER).is_file() else None


def default_dagster_home(told: str | None) -> str:
    """Where Dagster keeps its history unless it is told; for the ``.pth`` of ``make setup``.

    Runs at every start of Python, so it raises nothing; empty where there is no project folder.
    """
    try:
        return str(find_home(told) / "dagster_home")
    except (ConfigError, OSError):
        return ""


def _upwards(folder: Path) -> Iterator[Path]:
    resolved = folder.expanduser().resolve()
    return iter((resolved, *resolved.parents))


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigError(
            f"the current folder was deleted; go to a project folder, or set {VARIABLE}"
        ) from None
