"""Old intraday snapshots, thinned on request: the only command that forgets collected rows."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cryptopipe_assets.cli.console import out
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.operations.thinning import thin as thinned
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.collected.market_cap import MarketCap


def command(
    older_than: Annotated[
        int | None,
        typer.Option(min=1, help="Days. Default: retention.market_cap_snapshot_days."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without, only say what it is.")
    ] = False,
    warehouse: Warehouse = None,
) -> None:
    """Thin old snapshots of market caps to those that a day's end or a midnight rests on."""
    thin(settings_for(warehouse), older_than=older_than, yes=yes)


def thin(settings: Settings, *, older_than: int | None, yes: bool) -> None:
    """Thin market caps that are older than so many days to what day ends and midnights rest on.

    Raises
    ------
    ConfigError
        If neither the command nor cryptopipe.toml says how old.
    """
    days = older_than or settings.config.retention.market_cap_snapshot_days
    if days is None:
        raise ConfigError(
            "how old may snapshots be? Give --older-than DAYS, or set "
            "retention.market_cap_snapshot_days in cryptopipe.toml; by default all are kept"
        )
    before = datetime.now(UTC).date() - timedelta(days=days)
    found = list(thinned(Lake(settings.warehouse), MarketCap, before=before, look_only=not yes))
    rows = sum(each.before - each.after for each in found)
    if not found:
        out.print(f"nothing to thin before {before}")
    elif yes:
        out.print(f"[green]thinned[/] {len(found)} days before {before}: {rows:,} snapshots gone")
    else:
        out.print(
            f"{len(found)} days before {before} hold {rows:,} snapshots that no day's end rests "
            f"on. Nothing was changed; make a backup, then: cryptopipe thin --yes"
            + (f" --older-than {older_than}" if older_than else ""),
            soft_wrap=True,
        )
