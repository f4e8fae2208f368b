"""What a client writes down, and where."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptopipe_assets.vendors.http.call_ledger import FILE, Ledger
from cryptopipe_assets.vendors.http.journal import Journal
from cryptopipe_assets.vendors.http.tap import Tap


@dataclass(frozen=True, kw_only=True)
class Records:
    """Where a client enters what it spent and what it decided.

    Attributes
    ----------
    folder
        The state folder, which all processes share; null keeps everything in memory.
    journal
        The table and run that the client works for, and their log.
    tap
        Records the responses, or replays recorded ones; null where they go straight to the vendor.
    """

    folder: Path | None = None
    journal: Journal = field(default_factory=Journal)
    tap: Tap | None = None

    def ledger(self) -> Ledger:
        """The ledger of calls, to be opened."""
        return Ledger(None if self.folder is None else self.folder / FILE)
