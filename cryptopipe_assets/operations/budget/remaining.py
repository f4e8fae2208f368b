"""What is left of the limits of the vendors that our tables come from."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.status.expiry import source_of
from cryptopipe_assets.vendors.catalog import asked_for

if TYPE_CHECKING:
    from cryptopipe_assets.vendors.calls_left import CallsLeft


def vendors_of(settings: Settings, table: str) -> list[str]:
    """Vendors that are asked for a table; none for a derived one."""
    offered = asked_for(table, source_of(settings, table))
    return list(dict.fromkeys(each.vendor.name for each in offered))


def refusals(settings: Settings) -> list[str]:
    """Sentences about what no schedule collects, since the vendors allow too few calls."""
    if settings.environment.vendors != "live":
        return []
    # Imported late, as below.
    from cryptopipe_assets.operations.budget.fit import refused

    return [
        f"{table} of {f'tiers.{round_.tier}' if round_.tier else round_.name} is not collected "
        f"by any schedule: {why}"
        for (round_, table), why in refused(settings).items()
    ]


def left_for(settings: Settings, tables: Collection[str], *, now: datetime) -> "list[CallsLeft]":
    """What is left of the allowances of the vendors of these tables.

    Nothing if no request was ever sent, or for a stand-in, whose limits are ours alone.

    Raises
    ------
    StorageError
        If the ledger of calls cannot be read.
    """
    folder = settings.state_folder
    if settings.environment.vendors != "live" or not folder.is_dir():
        return []
    # Imported late: it brings the HTTP client with it.
    from cryptopipe_assets.vendors.allowances import allowances
    from cryptopipe_assets.vendors.calls_left import calls_left
    from cryptopipe_assets.vendors.http.account import account_of

    keys = settings.all_keys
    vendors = {vendor for table in tables for vendor in vendors_of(settings, table)}
    every = allowances(settings.config.vendors, keys.plans())
    return calls_left(
        [each for each in every if each.vendor in vendors],
        folder=folder,
        accounts={vendor: account_of(keys.of(vendor), folder) for vendor in keys.present()},
        now=now,
    )
