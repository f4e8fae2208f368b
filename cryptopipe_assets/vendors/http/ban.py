"""The time until which a vendor wants to hear nothing from us at all."""

from datetime import datetime
from pathlib import Path

from cryptopipe_assets.vendors.http.account import ADDRESS

ENDING = ".banned-until"
OF_A_KEY = "-key-"


class Ban:
    """Remembers when a ban ends, in memory and, with a ``state_folder``, for other processes.

    Asking again during a ban makes it longer (Binance: two minutes up to three days), so it has
    to outlive the run that was banned. A ban is of an address or of a key's account: another key
    is not banned with it.
    """

    def __init__(
        self, vendor: str, account: str = ADDRESS, *, state_folder: Path | None = None
    ) -> None:
        self._until: datetime | None = None
        name = vendor if account == ADDRESS else f"{vendor}-{account}"
        self._file = None if state_folder is None else state_folder / f"{name}{ENDING}"

    def until(self, now: datetime) -> datetime | None:
        """Return the end of the ban, or null if there is none at ``now``."""
        if self._file is not None and self._file.is_file():
            self._until = datetime.fromisoformat(self._file.read_text(encoding="ascii").strip())
        return self._until if self._until is not None and now < self._until else None

    def begin(self, until: datetime) -> bool:
        """Note that nothing may be asked before ``until``; tell whether that is news."""
        if self._until is not None and until <= self._until:
            return False
        self._until = until
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".draft")
            draft.write_text(until.isoformat(), encoding="ascii")
            draft.replace(self._file)
        return True


def read_bans(folder: Path, *, now: datetime) -> dict[str, datetime]:
    """Return the vendors that want to hear nothing at ``now``, to when each ban ends, sorted.

    Of a vendor that banned several accounts, the last end counts.
    """
    ends: dict[str, datetime] = {}
    for path in sorted(folder.glob(f"*{ENDING}")):
        vendor = path.name.removesuffix(ENDING).partition(OF_A_KEY)[0]
        until = datetime.fromisoformat(path.read_text(encoding="ascii").strip())
        if now < until:
            ends[vendor] = max(until, ends.get(vendor, until))
    return ends
