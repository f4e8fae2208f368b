"""What a snapshot of a warehouse consists of, and where the snapshots of a folder are."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from cryptopipe_assets.core.errors import CorruptFile, RequestError
from cryptopipe_assets.core.unreadable import UNREADABLE_FILE, reason
from cryptopipe_assets.storage.atomic import write_atomically
from cryptopipe_assets.storage.confined_path import inside

MANIFEST = "MANIFEST.json"
LARGEST = 2**63


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file of a snapshot.

    Attributes
    ----------
    path
        Relative to the warehouse, with forward slashes.
    mtime_ns
        When the warehouse's file was written.
    """

    path: str
    bytes: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A snapshot's files, the origin of their rows, and when it was taken (ISO 8601)."""

    made_at: str
    origin: str
    files: tuple[Entry, ...]

    def write(self, path: Path) -> None:
        """Write it as JSON, durably."""
        content = json.dumps(asdict(self), indent=1)
        write_atomically(path, lambda temporary: _write(temporary, content))


def read_manifest(snapshot: Path) -> Manifest:
    """Read a snapshot's manifest.

    Raises
    ------
    CorruptFile
        If there is none, or it cannot be understood.
    """
    path = snapshot / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(Entry(**each) for each in content["files"])
        for each in files:
            _require_possible(each, snapshot)
        if len({each.path for each in files}) < len(files):
            raise ValueError("it names a file twice")
        made_at, origin = content["made_at"], content["origin"]
        datetime.fromisoformat(made_at)
        if not isinstance(origin, str):
            raise ValueError(f"expected an origin, got {origin!r}")
        return Manifest(made_at=made_at, origin=origin, files=files)
    except UNREADABLE_FILE as exc:
        raise CorruptFile(
            f"cannot read {path}: {reason(exc)}; take another snapshot of {snapshot.parent}, or "
            f"make a new backup"
        ) from exc


def _require_possible(entry: Entry, snapshot: Path) -> None:
    """Check one line of a manifest before anything is done with any of them.

    Raises
    ------
    ValueError
        Naming what is wrong.
    """
    inside(snapshot, entry.path)
    if not entry.path.endswith(".parquet") or f"/{entry.path}".count("/."):
        raise ValueError(f"{entry.path!r} is no file of a table")
    numbers = (entry.bytes, entry.mtime_ns)
    if not all(type(each) is int and 0 <= each < LARGEST for each in numbers):
        raise ValueError(f"{entry.path}: expected a size and a time, got {numbers}")
    if not isinstance(entry.sha256, str) or not re.fullmatch("[0-9a-f]{64}", entry.sha256):
        raise ValueError(f"{entry.path}: expected a sha256")


def snapshots(target: Path) -> list[Path]:
    """The whole snapshots of a folder, oldest first."""
    return sorted(path.parent for path in target.glob(f"[!.]*/{MANIFEST}"))


def newest_snapshot(target: Path) -> Path | None:
    """The newest whole snapshot of a folder; None if there is none."""
    found = snapshots(target)
    return found[-1] if found else None


def chosen_snapshot(target: Path, name: str | None) -> Path:
    """The snapshot of that name, or the newest.

    Raises
    ------
    RequestError
        If there is none, naming those that are there.
    """
    found = {path.name: path for path in snapshots(target)}
    if not found:
        raise RequestError(f"{target} holds no snapshot; make one: cryptopipe backup {target}")
    if name is None:
        return list(found.values())[-1]
    if name not in found:
        raise RequestError(f"{target} has no snapshot {name}; it has {', '.join(found)}")
    return found[name]


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")


def partition_of(path: str) -> tuple[str, date | None]:
    """Folder of the warehouse and day of a file that is named from there."""
    folder, *rest = path.split("/")
    found = re.fullmatch(r"date=(\d{4}-\d{2}-\d{2})", rest[0]) if len(rest) > 1 else None
    try:
        return folder, date.fromisoformat(found[1]) if found else None
    except ValueError:  # of a month that has no such day: nobody else writes it
        return folder, None
