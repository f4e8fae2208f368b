"""Whether this machine is fit to run cryptopipe, and what to do where it is not."""

import importlib.metadata
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptopipe_assets.config.project import template
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import ConfigError, CryptopipeError, StorageError
from cryptopipe_assets.core.preview import size
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.operations.budget.remaining import refusals
from cryptopipe_assets.operations.notifications import check, targets
from cryptopipe_assets.sandbox.on_demand import serves
from cryptopipe_assets.storage.catalog.catalog import CATALOG, connect
from cryptopipe_assets.storage.days import odd_folders
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.origin import origin_of
from cryptopipe_assets.storage.quarantine import future_rows
from cryptopipe_assets.storage.revisions import SUFFIX
from cryptopipe_assets.storage.verification import add_checksum, verified
from cryptopipe_assets.tables.catalog import contracts

PACKAGES = ("dagster", "dagster-webserver", "polars", "duckdb", "pandera", "httpx", "pydantic")
LOW_DISK_BYTES = 2_000_000_000
MOST_DAMAGED_SHOWN = 20
ODD_SHOWN = 3
FUTURE_SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    state
        ``ok``, ``note`` (works, but know this) or ``broken``.
    advice
        What to do; empty if ``ok``.
    """

    subject: str
    state: str
    found: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at versions, configuration, home, warehouse, catalog, vendors and keys."""
    yield _python()
    yield from (_package(name) for name in PACKAGES)
    tiers = settings.config.tiers
    coins = sum(len(tier.coins) for tier in tiers.values())
    yield Finding("configuration", "ok", f"{coins} coins in {len(tiers)} tiers")
    yield _folder("warehouse", settings.warehouse, "CRYPTOPIPE_WAREHOUSE")
    yield from _disk(settings.warehouse)
    yield from _origin(settings)
    yield from _files(settings)
    yield from _odd_folders(settings)
    yield from _future(settings)
    yield _catalog(settings)
    yield _folder("Dagster home", settings.dagster_home, "DAGSTER_HOME")
    yield _dagster_yaml(settings)
    yield _vendors(settings)
    yield from _keys(settings)
    yield from _plan(settings)
    yield _notify(settings)


def add_checksums(settings: Settings) -> int:
    """Write the files of earlier versions once more, with checksums; returns how many.

    Raises
    ------
    StorageError
        If one cannot be read or written. Those before it are done.
    """
    lake, done = Lake(settings.warehouse), 0
    for each in verified(lake, list(contracts().values())):
        if each.state == "unchecked":
            add_checksum(lake, each)
            done += 1
    return done


def _python() -> Finding:
    return Finding("python", "ok", ".".join(str(part) for part in sys.version_info[:3]))


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "broken", "not installed", "install cryptopipe again, or `make setup`")


def _folder(subject: str, path: Path, variable: str) -> Finding:
    """A folder that exists and is writable, or whose nearest ancestor is."""
    existing = path
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        return Finding(subject, "broken", f"{existing} is a file", f"move it or set {variable}")
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            subject, "broken", f"{path} is not writable", f"chmod u+w {existing}, or set {variable}"
        )
    return Finding(subject, "ok", str(path) if path.exists() else f"{path} (made on first use)")


def _disk(path: Path) -> Iterator[Finding]:
    existing = path
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < LOW_DISK_BYTES:
        yield Finding(
            "disk", "note", f"{size(free)} free", "a year of 100 symbols takes about 2 GB"
        )


def _origin(settings: Settings) -> Iterator[Finding]:
    try:
        present = origin_of(settings.warehouse)
    except StorageError as exc:
        yield Finding("origin", "broken", str(exc))
        return
    if present and present != settings.origin:
        yield Finding(
            "origin",
            "note",
            f"the warehouse holds {present} rows, these settings would add {settings.origin} ones",
            "collecting will be refused: set CRYPTOPIPE_WAREHOUSE, CRYPTOPIPE_VENDORS or [compat]",
        )


def _files(settings: Settings) -> Iterator[Finding]:
    """Every file of the warehouse is what was written."""
    counts: Counter[str] = Counter()
    for each in verified(Lake(settings.warehouse), list(contracts().values())):
        counts[each.state] += 1
        if each.state == "damaged" and counts["damaged"] <= MOST_DAMAGED_SHOWN:
            said, _, advice = each.why.partition(". ")
            yield Finding("tables", "broken", said, advice)
    if not counts:
        yield Finding("tables", "note", "empty", "fill it: cryptopipe demo")
        return
    if (more := counts["damaged"] - MOST_DAMAGED_SHOWN) > 0:
        yield Finding("tables", "broken", f"{more:,} more damaged files", "look at the disk")
    if counts["unchecked"]:
        yield Finding(
            "tables",
            "note",
            f"{counts['unchecked']:,} files have no checksum: an earlier version wrote them, or "
            f"another program",
            "cryptopipe doctor --add-checksums",
        )
    yield Finding("tables", "ok", f"{counts['sound']:,} files are what was written")


def _odd_folders(settings: Settings) -> Iterator[Finding]:
    """Folders that look like a day's and are of none: nobody reads or writes what is in them."""
    for name in contracts():
        for table in (name, f"{name}{SUFFIX}"):
            if odd := odd_folders(str(settings.warehouse / table)):
                more = f" and {len(odd) - ODD_SHOWN} more" if len(odd) > ODD_SHOWN else ""
                yield Finding(
                    "folders",
                    "note",
                    f"{table}: no day of the calendar: {', '.join(odd[:ODD_SHOWN])}{more}",
                    "nothing reads what is in there; look, and move it out of the warehouse",
                )


def _future(settings: Settings) -> Iterator[Finding]:
    """Rows that are later than now: a clock was ahead, or a vendor said so."""
    found = list(future_rows(Lake(settings.warehouse), list(contracts().values()), now=utcnow()))
    for each in found[:FUTURE_SHOWN]:
        yield Finding(
            "future",
            "broken",
            f"{each.place}: {each.said} later than now",
            "set the clock, then put them aside: cryptopipe doctor --quarantine",
        )
    if rest := found[FUTURE_SHOWN:]:
        rows = sum(each.rows + each.superseded for each in rest)
        yield Finding("future", "broken", f"{rows:,} rows in {len(rest)} more files")


def _catalog(settings: Settings) -> Finding:
    if not (settings.warehouse / CATALOG).is_file():
        return Finding("catalog", "note", "not there yet", "the first run makes it")
    try:
        with connect(Lake(settings.warehouse)) as connection:
            views = connection.execute("FROM duckdb_views() WHERE NOT internal").fetchall()
    except CryptopipeError as exc:
        return Finding("catalog", "broken", str(exc))
    return Finding("catalog", "ok", f"{len(views)} views")


def _dagster_yaml(settings: Settings) -> Finding:
    if (settings.dagster_home / "dagster.yaml").is_file():
        return Finding("dagster.yaml", "ok", "present")
    return Finding(
        "dagster.yaml",
        "note",
        f"none in {settings.dagster_home}",
        f"Dagster's defaults apply; copy {template('dagster_home/dagster.yaml')} there",
    )


def _vendors(settings: Settings) -> Finding:
    profile = settings.environment.vendors
    if profile == "live":
        return Finding("vendors", "ok", "live: requests go to the real vendors")
    if profile == "recorded":
        folder = settings.environment.realdata
        present = (folder / "binance").is_dir()
        advice = "" if present else "set CRYPTOPIPE_REALDATA to a folder with binance/ in it"
        return Finding("vendors", "ok" if present else "broken", f"recorded: {folder}", advice)
    running = serves(settings.sandbox_url)
    where = f"running at {settings.sandbox_url}" if running else "started when needed"
    return Finding("vendors", "ok", f"sandbox: a simulated market, {where}")


def _keys(settings: Settings) -> Iterator[Finding]:
    """Whether a key is there; never the key."""
    for name, field in type(settings.environment).model_fields.items():
        if name.endswith("_api_key"):
            present = getattr(settings.environment, name) is not None
            yield Finding(str(field.validation_alias), "ok", "set" if present else "not set")


def _plan(settings: Settings) -> Iterator[Finding]:
    """Whether the vendors allow as many calls as the schedules will make."""
    if settings.environment.vendors == "live":
        missing = refusals(settings)
        yield from (Finding("calls", "broken", each, "cryptopipe budget") for each in missing)
        if not missing:
            yield Finding("calls", "ok", "the schedules fit the vendors' limits")


def _notify(settings: Settings) -> Finding:
    """Who is told when something breaks."""
    count = len(targets(settings.environment.notify))
    try:
        check(settings.environment.notify)
    except ConfigError as exc:
        return Finding("notifications", "broken", str(exc), "correct the variable in .env")
    if not count:
        return Finding("notifications", "note", "no notifications", "set CRYPTOPIPE_NOTIFY in .env")
    return Finding("notifications", "ok", f"{count} targets")
