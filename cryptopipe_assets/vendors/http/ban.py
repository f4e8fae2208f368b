"""Until when a vendor has banned this address or key, and refuses every request."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptopipe_assets.core.unreadable import UNREADABLE
from cryptopipe_assets.vendors.http.account import ADDRESS

ENDING = ".banned-until"
OF_A_KEY = "-key-"
BANNED = "banned"


@dataclass(frozen=True, kw_only=True, order=True)
class ActiveBan:
    """A ban that lasts.

    Attributes
    ----------
    until
        When it ends, UTC.
    is_of_key
        Whether it is of a key's account rather than of this address.
    why
        ``banned``, ``rate limited``, or which quota is used up.
    """

    until: datetime
    is_of_key: bool
    why: str


class Ban:
    """Remembers when a ban ends, in memory and, with a ``state_folder``, for other processes.

    A request during a ban makes it longer (Binance: two minutes up to three days), so it has
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
            self._until, _ = _read(self._file) or (None, "")
        return self._until if self._until is not None and now < self._until else None

    def begin(self, until: datetime, why: str = BANNED) -> bool:
        """Note that no request may be sent before ``until``; return whether that is news."""
        if self._until is not None and until <= self._until:
            return False
        self._until = until
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
            draft.write_text(f"{until.isoformat()}\n{why}\n", encoding="utf-8")
            draft.replace(self._file)
        return True


def read_bans(folder: Path, *, now: datetime) -> dict[str, ActiveBan]:
    """Return the vendors that have banned us at ``now``, each with its ban, sorted.

    Of a vendor that banned several accounts, the ban that ends last counts.
    """
    bans: dict[str, ActiveBan] = {}
    for path in sorted(folder.glob(f"*{ENDING}")):
        vendor, of_key, _ = path.name.removesuffix(ENDING).partition(OF_A_KEY)
        noted = _read(path)
        if noted is not None and now < noted[0]:
            ban = ActiveBan(until=noted[0], is_of_key=bool(of_key), why=noted[1])
            bans[vendor] = max(ban, bans.get(vendor, ban))
    return bans


def _read(path: Path) -> tuple[datetime, str] | None:
    """Return when a ban ends, and why it is; a file of an earlier version says only when.

    Null for a damaged file: a vendor that still bans us says so again.
    """
    try:
        until, _, why = path.read_text(encoding="utf-8").strip().partition("\n")
        return datetime.fromisoformat(until).astimezone(UTC), why or BANNED
    except FileNotFoundError:
        return None
    except UNREADABLE:
        return None
