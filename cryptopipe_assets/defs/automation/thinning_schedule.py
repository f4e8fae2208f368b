"""Old intraday snapshots, thinned once a day where ``cryptopipe.toml`` wants it."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.operations.thinning import thin
from cryptopipe_assets.storage.warehouse import Warehouse
from cryptopipe_assets.tables.collected.market_cap import MarketCap

DAILY = "25 3 * * *"
"""Between the rounds, and hours after the day before was closed."""


def thin_snapshots_schedule(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The schedule that thins market caps; none where nothing may be deleted."""
    days = settings.config.retention.market_cap_snapshot_days
    if days is None:
        return []
    described = (
        f"Thins market caps that are older than {days} days to those that midnights and day ends "
        "rest on (retention.market_cap_snapshot_days)."
    )

    # The table's own pool: a run that requests old days waits for this one, and this one for it.
    @dg.op(description=described, pool=MarketCap.table_name())
    def thin_market_caps(
        context: dg.OpExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> None:
        before = datetime.now(UTC).date() - timedelta(days=days)
        done = list(thin(warehouse.lake, MarketCap, before=before, look_only=False))
        gone = sum(each.before - each.after for each in done)
        context.log.info(f"{gone:,} snapshots of {len(done)} days before {before} deleted")

    @dg.job(name="thin_snapshots", description=described)
    def job() -> None:
        thin_market_caps()

    return [
        dg.ScheduleDefinition(
            name="thin_snapshots",
            job=job,
            cron_schedule=DAILY,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=described,
        )
    ]
