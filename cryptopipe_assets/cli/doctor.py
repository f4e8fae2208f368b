"""Whether this machine is fit to run cryptopipe, told in a line a finding."""

from typing import Annotated

import typer

from cryptopipe_assets.cli.console import literal, out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.operations.doctor import add_checksums, examine
from cryptopipe_assets.storage.catalog.catalog import refresh
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.storage.quarantine import future_rows, set_aside
from cryptopipe_assets.tables.catalog import contracts


def command(
    checksums: Annotated[
        bool,
        typer.Option("--add-checksums", help="Give the files of earlier versions a checksum."),
    ] = False,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Put rows that are later than now aside.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Check versions, configuration, folders, every stored file and keys, and say what to fix."""
    settings = settings_for(warehouse)
    if checksums:
        out.print(f"{add_checksums(settings):,} files have a checksum now")
    if quarantine:
        put_aside(settings)
    raise typer.Exit(doctor(settings))


def put_aside(settings: Settings) -> None:
    """Move every row that is later than now into the quarantine, and say where it is."""
    lake, now = Lake(settings.warehouse), utcnow()
    found = list(future_rows(lake, list(contracts().values()), now=now))
    for each in found:
        path = set_aside(lake, each, now=now)
        out.print(
            f"[yellow]put aside[/] {literal(each.place)}: {literal(each.said)}, in {literal(path)}",
            soft_wrap=True,
        )
    if found:
        refresh(lake, list(contracts().values()))
    versions = sum(each.superseded for each in found)
    more = f" and {versions:,} superseded versions" if versions else ""
    out.print(f"{sum(each.rows for each in found):,} rows{more} put aside\n")


def doctor(settings: Settings) -> int:
    """Print every finding.

    Returns
    -------
    Exit code: 1 if something is broken.
    """
    colours = {"ok": "green", "note": "yellow", "broken": "bold red"}
    findings = list(examine(settings))
    for each in findings:
        out.print(
            f"[{colours[each.state]}]{each.state:>6}[/]  {each.subject:<16} {literal(each.found)}"
        )
        if each.advice:
            out.print(f"{'':>25}{literal(each.advice)}")
    broken = sum(each.state == "broken" for each in findings)
    out.print(f"\n{broken} broken" if broken else "\nnothing is broken")
    return 1 if broken else 0
