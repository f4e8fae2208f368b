"""Whether this machine is fit to run cryptopipe, told in a line a finding."""

from typing import Annotated

import typer

from cryptopipe_assets.cli.console import literal, out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.doctor import add_checksums, examine


def command(
    checksums: Annotated[
        bool,
        typer.Option("--add-checksums", help="Give the files of earlier versions a checksum."),
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Check versions, configuration, folders, every stored file and keys, and say what to fix."""
    settings = settings_for(warehouse)
    if checksums:
        out.print(f"{add_checksums(settings):,} files have a checksum now")
    raise typer.Exit(doctor(settings))


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
