"""Names from outside as places: always below the folder they are meant for.

A manifest, the name of a landed file or a member of an archive is written by whoever made it; one
with ``../`` in it, or an absolute one, would name any file of this machine.
"""

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

LONGEST_NAME = 255
"""Bytes that file systems allow for one name."""


class OutsideError(ValueError):
    """A name that leads out of its folder, or is none; the text shows it and says why."""


def inside(folder: Path, name: str, *, nested: bool = True) -> Path:
    """Return the place that ``name`` has below ``folder``.

    Parameters
    ----------
    name
        Relative, with forward slashes.
    nested
        Whether it may lie in a folder of the folder.

    Raises
    ------
    OutsideError
        If it is absolute, empty, leads up or through a link that leads out, or holds what no name
        may have.
    """
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    if not parts or "\0" in name or name != "/".join(parts) or ".." in parts:
        raise OutsideError(f"{name!r} is no name of a file below a folder")
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or "\\" in name:
        raise OutsideError(f"{name!r} names a place of its own and none below a folder")
    if len(parts) > 1 and not nested:
        raise OutsideError(f"{name!r} is no plain name of a file")
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in parts):
        raise OutsideError(f"{name[:40]!r}... is longer than a file's name may be")
    place = folder.joinpath(*parts)
    if not place.parent.resolve().is_relative_to(folder.resolve()):
        raise OutsideError(f"{name!r} leads out of {folder} through a link")
    return place
