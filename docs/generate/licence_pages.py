"""The packages that the platform is made of, and their licences."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from facts import ROOT
from text import table

LOCK = "requirements.lock"
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.MULTILINE)
LONGEST = 60
"""Some packages have the text of their licence where its name belongs."""

ELSEWHERE = "not on this platform"


def locked() -> list[tuple[str, str]]:
    """Name and version of every package of the lock, by name."""
    return sorted(PINNED.findall((ROOT / LOCK).read_text(encoding="utf-8")))


def licence_of(package: str) -> str | None:
    """What an installed package says that its licence is; None if it is not installed here."""
    try:
        said = metadata(package)
    except PackageNotFoundError:
        return None
    return next(_said(said), "not said")


def page() -> str:
    """Return the packages of the lock with their licences."""
    rows = [(name, version, licence_of(name) or ELSEWHERE) for name, version in locked()]
    return table(("package", "version", "licence"), rows)


def _said(of: PackageMetadata) -> Iterator[str]:
    """Its licence in each place where one may be, the most exact place first."""
    if "License-Expression" in of:
        yield of["License-Expression"]
    classified = [
        each.rsplit(" :: ", 1)[-1]
        for each in of.get_all("Classifier") or []
        if each.startswith("License :: ") and not each.endswith("OSI Approved")
    ]
    if classified:
        yield ", ".join(classified)
    text = of["License"].strip().splitlines() if "License" in of else []
    if text and len(text[0]) <= LONGEST:
        yield text[0]
