"""Files of a folder of recordings that nothing reads, each with the reason."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SHOWN = 3
"""Names in a message about files that are passed over for the same reason."""


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """Files of one folder, relative to the folder of recordings, and why none is read."""

    files: Sequence[Path]
    reason: str

    def __str__(self) -> str:
        """Name the first files, count the rest, and give the reason."""
        named = ", ".join(map(str, self.files[:SHOWN]))
        rest = len(self.files) - SHOWN
        return f"{named}{f' and {rest} more there' if rest > 0 else ''}: {self.reason}"


def passed_over(
    folder: Path,
    read: Iterable[Path],
    layout: Collection[str],
    reasons: Mapping[Path, str],
) -> tuple[PassedOver, ...]:
    """Return what lies in a folder beside what is read, by its own folder, in their order.

    Parameters
    ----------
    read
        Files that are read.
    layout
        Names of what is read, relative to ``folder``, e.g. ``binance/funding/<SYM>.csv``.
        Hidden files and notes (``README*``) are nobody's recordings and not mentioned.
    reasons
        File to the reason, where its name does not say it.
    """
    known = set(read)
    relative = sorted(each.relative_to(folder) for each in known)
    twins = {(each.parent, _stem(each)): each for each in reversed(relative)}
    found: dict[tuple[Path, str], list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in below.parts)
        if path in known or hidden or path.name.startswith("README") or not path.is_file():
            continue
        reason = reasons.get(path) or _reason(below, twins, layout)
        found.setdefault((below.parent, reason), []).append(below)
    return tuple(PassedOver(files=files, reason=reason) for (_, reason), files in found.items())


def _reason(below: Path, twins: Mapping[tuple[Path, str], Path], layout: Collection[str]) -> str:
    twin = twins.get((below.parent, _stem(below)))
    if twin is not None:
        return f"{twin} is read in its place"
    month = twins.get((below.parent, _stem(below)[:-3]))
    if month is not None:
        return f"{month} is read in its place"
    expected = [each for each in layout if _folder(each) == _folder(str(below))]
    if expected:
        return f"files here are named {' or '.join(expected)}"
    return "nothing is read from this folder"


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _folder(name: str) -> str:
    """Folder of a name; that of a period of open interest is one of many."""
    folder = name.rpartition("/")[0]
    return "binance/open-interest" if folder.startswith("binance/open-interest-") else folder
