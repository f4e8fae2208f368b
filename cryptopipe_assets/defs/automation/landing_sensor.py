"""Files of Binance's archive that are put into ``landing/`` are imported by themselves."""

import hashlib
import json
import time

import dagster as dg

from cryptopipe_assets.collect.clients import VendorClients
from cryptopipe_assets.collect.landing import ENDINGS, FOLDER, REJECTED, import_file, landing
from cryptopipe_assets.storage.warehouse import Warehouse

INTERVAL_SECONDS = 60
QUIET_SECONDS = 5.0
"""A file is whole when it has not changed since the last tick, nor within this time."""

ASK_AGAIN_SECONDS = 900.0
"""A file that is still there so long after its run was requested gets another run."""

MOST_AT_ONCE = 500


class LandedFiles(dg.Config):
    """Names of files in the landing folder."""

    files: list[str]


def is_text(name: str) -> bool:
    """Whether a run can be told of a file: a name of other bytes than UTF-8 is stored nowhere."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@dg.op(description="Stores each file's rows and moves it to landing/done or landing/rejected.")
def import_landed(
    context: dg.OpExecutionContext,
    config: LandedFiles,
    warehouse: dg.ResourceParam[Warehouse],
    vendors: dg.ResourceParam[VendorClients],
) -> None:
    """Import one after the other; those that are rejected fail the run after all were looked at."""
    warehouse.claim()
    rejected = []
    for name in sorted(config.files):
        done = import_file(warehouse, name, at=vendors.clock())
        if done is None:
            context.log.info("%s is not there any more", name)
        elif done.reason:
            context.log.error("%s rejected: %s", name, done.reason)
            rejected.append(f"{name}: {done.reason}")
        else:
            context.log.info("%s: %d rows, %d new in %s", name, done.rows, done.added, done.table)
            if done.left_out:
                context.log.warning("%s: %s", name, done.left_out)
    warehouse.refresh_catalog()
    if rejected:
        raise dg.Failure(
            f"{len(rejected)} of {len(config.files)} files rejected, see {FOLDER}/{REJECTED}; "
            f"first {rejected[0]}",
            allow_retries=False,
        )


@dg.job(description="Imports files of Binance's bulk archive from the landing folder.")
def import_landing() -> None:
    """One op, which the sensor gives the names of files."""
    import_landed()


@dg.sensor(
    job_name=import_landing.name,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Imports files of Binance's bulk archive (1-minute bars, fundingRate, metrics) that are "
        "put into the warehouse's folder landing/."
    ),
)
def landed_files(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.SensorResult | dg.SkipReason:
    """Request one run over all files that are whole and that no run was requested for yet."""
    before = json.loads(context.cursor) if context.cursor else {"seen": {}, "asked": {}}
    now = time.time()
    seen = {
        path.name: [stat.st_size, stat.st_mtime]
        for path in sorted(landing(warehouse).iterdir())
        if path.name.endswith(ENDINGS)
        and not path.name.startswith(".")
        and is_text(path.name)
        and path.is_file()
        for stat in (path.stat(),)
    }
    asked = {
        name: [at, file] for name, (at, file) in before["asked"].items() if seen.get(name) == file
    }
    whole = [
        name
        for name, file in seen.items()
        if before["seen"].get(name) == file
        and file[1] + QUIET_SECONDS <= now
        and (name not in asked or asked[name][0] + ASK_AGAIN_SECONDS <= now)
    ][:MOST_AT_ONCE]
    asked |= {name: [now, seen[name]] for name in whole}
    cursor = json.dumps({"seen": seen, "asked": asked})
    if not whole:
        return dg.SensorResult(
            skip_reason=f"{len(seen)} files in {FOLDER}/, none new and whole", cursor=cursor
        )
    key = hashlib.sha256(json.dumps([whole, seen, now]).encode()).hexdigest()[:16]
    config = dg.RunConfig(ops={"import_landed": LandedFiles(files=whole)})
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=key, run_config=config)], cursor=cursor
    )
