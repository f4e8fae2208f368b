"""The tables of a warehouse: what is collected is merged, what is derived is replaced."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from cryptopipe_assets.core.errors import CorruptFile, ShrinkRefused
from cryptopipe_assets.core.schema import Collected, Derived, Table
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.storage.derived_versions import published
from cryptopipe_assets.storage.local_store import LocalStore
from cryptopipe_assets.storage.merge import lost_keys, merge, news, superseded
from cryptopipe_assets.storage.revisions import with_derived_versions, with_versions
from cryptopipe_assets.storage.store import Change, Commit


@dataclass(frozen=True)
class Lake(LocalStore):
    """The tables below one folder.

    Parameters
    ----------
    on_commit
        Told of every commit; for progress bars.
    """

    on_commit: Callable[[Commit], None] | None = None

    def upsert(self, contract: type[Table], frame: pl.DataFrame, day: date | None = None) -> Commit:
        """Merge ``frame`` into the partition: new keys are added, changed values replaced.

        Nothing that was collected is ever removed: a replaced row becomes a revision. A frame
        that brings no news writes nothing.
        """
        key, table = contract.key(), contract.table_name()
        with self.lock(table, day):
            version = self.version(table, day)
            stored = self.read(contract, day)
            fresh = news(stored, frame, key) if stored.height else frame
            merged = merge(stored, fresh, key)
            added, revisions = merged.height - stored.height, None
            if fresh.height > added:
                gone = superseded(stored, fresh, merged, key)
                revisions = with_versions(self.read_revisions(contract, day), gone, key)
            change = Change(
                rows=merged, revisions=revisions, added=added, revised=fresh.height - added
            )
            return self._told(self.commit(contract, change, day, expected_version=version))

    def replace(
        self,
        contract: type[Table],
        frame: pl.DataFrame,
        day: date | None = None,
        *,
        force: bool = False,
        at: datetime | None = None,
    ) -> Commit:
        """Put ``frame`` in the place of the partition.

        A derived row that says the same keeps its ``derived_at``; what changes or is dropped
        becomes a revision.

        Parameters
        ----------
        at
            When derived rows are published; the present by default.

        Raises
        ------
        ShrinkRefused
            If a collected table would lose keys and ``force`` is false. Derived tables may
            shrink: they can be rebuilt.
        """
        key, table = contract.key(), contract.table_name()
        with self.lock(table, day):
            version, revisions = self.version(table, day), None
            try:
                stored = self.read(contract, day)
            except CorruptFile:
                if issubclass(contract, Collected) and not force:
                    raise
                stored = contract.empty_frame()
            lost = lost_keys(stored, frame, key) if stored.height else stored
            if issubclass(contract, Collected) and lost.height and not force:
                raise _shrinks(contract, day, stored, lost)
            common = stored.height - lost.height
            changed = news(stored, frame, key).height if stored.height else frame.height
            if issubclass(contract, Collected):
                gone = superseded(stored, frame, frame, key)
                before = self.read_revisions(contract, day)
                revisions = with_versions(before, gone, key, forget=lost)
            if issubclass(contract, Derived):
                frame, gone = published(stored, frame, key, at=at or utcnow())
                if gone.height:
                    before = self.read_revisions(contract, day)
                    revisions = with_derived_versions(before, gone, key)
            added = frame.height - common
            change = Change(rows=frame, revisions=revisions, added=added, revised=changed - added)
            return self._told(self.commit(contract, change, day, expected_version=version))

    def _told(self, commit: Commit) -> Commit:
        if self.on_commit:
            self.on_commit(commit)
        return commit


def _shrinks(
    contract: type[Table], day: date | None, stored: pl.DataFrame, lost: pl.DataFrame
) -> ShrinkRefused:
    first = ", ".join(str(value) for value in lost.row(0))
    return ShrinkRefused(
        f"{contract.table_name()} {day or ''}: the new partition lacks {lost.height} of "
        f"{stored.height} collected rows, first ({first}); kept the old file. "
        f"Collect again, or force the replacement if the rows are known to be wrong"
    )
