"""What may still be asked of the vendors that our tables come from."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.status.expiry import source_of
from cryptopipe_assets.vendors.retention import RETENTIONS

if TYPE_CHECKING:
    from cryptopipe_assets.vendors.calls_left import CallsLeft


def vendors_of(settings: Settings, table: str) -> list[str]:
    """Vendors that are asked for a table; none for a derived one."""
    source = source_of(settings, table)
    cost = (each for each in RETENTIONS if each.table == table and each.source in (None, source))
    return list(dict.fromkeys(each.vendor for each in cost))


def refusals(settings: Settings) -> list[str]:
    """Sentences about what no schedule asks for, since the vendors allow too few calls."""
    if settings.environment.vendors != "live":
        return []
    # Imported late, as below.
    from cryptopipe_assets.operations.budget.fit import refused

    return [
        f"{table} of {f'tiers.{round_.tier}' if round_.tier else round_.name} is not asked for by "
        f"a schedule: {why}"
        for (round_, table), why in refused(settings).items()
    ]


def left_for(settings: Settings, tables: Collection[str], *, now: datetime) -> "list[CallsLeft]":
    """What is left of the allowances of the vendors of these tables.

    Nothing if none was ever asked, or for a stand-in, which has nobody to share its limits with.

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
    from cryptopipe_assets.vendors.coingecko.plans import assumed_plan
    from cryptopipe_assets.vendors.http.account import account_of

    environment = settings.environment
    keys = {
        "coinalyze": environment.coinalyze_api_key,
        "coinmarketcap": environment.cmc_api_key,
        "coingecko": environment.coingecko_api_key,
    }
    vendors = {vendor for table in tables for vendor in vendors_of(settings, table)}
    plan = assumed_plan(environment.coingecko_api_key, environment.coingecko_plan)
    every = allowances(settings.config.vendors, plan)
    return calls_left(
        [each for each in every if each.vendor in vendors],
        folder=folder,
        accounts={vendor: account_of(key, folder) for vendor, key in keys.items()},
        now=now,
    )
