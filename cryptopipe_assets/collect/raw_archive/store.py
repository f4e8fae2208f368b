"""The raw archive: a manifest a table and run, and the blobs that they name.

Layout::

    warehouse/.raw/
      visits/2026-11-25/011502123456-ohlcv_1m-5f0c2a9e.json    one table in one run
      blobs/5f/5fd2...e1.zst                                   a response, a configuration, a file
      swept                                                    when the retention was last applied

Many manifests rather than one index: writers in several processes then share nothing that could
be damaged by a kill, and retention is removing files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from cryptopipe_assets.collect.raw_archive.blobs import Blobs
from cryptopipe_assets.collect.raw_archive.manifest import RunManifest, instant
from cryptopipe_assets.core.errors import CorruptFile
from cryptopipe_assets.storage.atomic import write_atomically

FOLDER = ".raw"
YOUNG = timedelta(days=1)
"""A blob may be put long before the manifest that names it is written."""


@dataclass(frozen=True)
class Archive:
    """The raw archive below one warehouse.

    Parameters
    ----------
    warehouse
        Folder of the tables.
    """

    warehouse: Path

    @property
    def folder(self) -> Path:
        """Where the raw archive is."""
        return self.warehouse / FOLDER

    @property
    def blobs(self) -> Blobs:
        """What the manifests name."""
        return Blobs(self.folder / "blobs")

    def keep(self, manifest: RunManifest) -> None:
        """Write a manifest, in the place of an earlier state of it.

        Raises
        ------
        StorageError
        """
        name = f"{instant(manifest.at)}-{manifest.table}-{manifest.run_id[:8]}.json"
        path = self.folder / "visits" / f"{manifest.at:%Y-%m-%d}" / name
        text = manifest.model_dump_json(exclude_defaults=True)
        write_atomically(path, lambda temporary: _write(temporary, text))

    def manifests(self, table: str | None = None) -> Iterator[RunManifest]:
        """Manifests of a table, or of all, the oldest first.

        Raises
        ------
        CorruptFile
        """
        pattern = f"*-{table}-*.json" if table else "*.json"
        for path in sorted((self.folder / "visits").glob(f"*/{pattern}")):
            try:
                manifest = RunManifest.model_validate_json(path.read_bytes())
            except ValidationError as exc:
                raise CorruptFile(
                    f"{path} is no manifest of the raw archive ({exc.error_count()} faults): the "
                    "file is damaged; move it away, and the responses of its run are missing"
                ) from None
            except FileNotFoundError:
                continue  # its time has come meanwhile
            if table is None or manifest.table == table:
                yield manifest

    def of_day(self, table: str, day: date) -> list[RunManifest]:
        """Manifests of the runs that wrote a table's day, in their order."""
        return [each for each in self.manifests(table) if day in each.wrote]

    def forget(self, *, now: datetime, keep: timedelta) -> int:
        """Remove manifests that are older than ``keep``, and what no other names; at most daily.

        Returns
        -------
        Bytes freed.
        """
        marker = self.folder / "swept"
        if not self.folder.is_dir() or _age(marker, now) < timedelta(days=1):
            return 0
        freed = 0
        for path in sorted((self.folder / "visits").glob("*/*.json")):
            if date.fromisoformat(path.parent.name) < (now - keep).date():
                freed += path.stat().st_size
                path.unlink()
        for folder in sorted((self.folder / "visits").glob("*")):
            if not any(folder.iterdir()):
                folder.rmdir()
        named = {name for each in self.manifests() for name in each.blobs}
        freed += self.blobs.sweep(named, older_than=(now - YOUNG).timestamp())
        marker.touch()
        return freed

    def bytes_by(self) -> Mapping[str, int]:
        """Size of the manifests and of the blobs."""
        return {
            name: sum(each.stat().st_size for each in (self.folder / name).rglob("*.*"))
            for name in ("visits", "blobs")
        }


def _age(marker: Path, now: datetime) -> timedelta:
    if not marker.is_file():
        return timedelta.max
    return now - datetime.fromtimestamp(marker.stat().st_mtime, UTC)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
