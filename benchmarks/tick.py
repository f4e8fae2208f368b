"""One hourly tick for 100 coins through Dagster's own daemon: ``python -m benchmarks.tick``.

The stand-in, the daemon with its code server, and every run are processes of their own, as they
are for a user. It is the tick of bars and funding rates: positions are asked half an hour later,
and the simulated vendors tell them of 38 coins only. The warehouse has eight days behind it, and
the round before has succeeded. Takes three minutes, most of them waiting for the tick.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import dagster as dg

from cryptopipe_assets.config.project import template
from cryptopipe_assets.config.settings import Settings, load_settings
from cryptopipe_assets.config.tiers import Tier
from cryptopipe_assets.operations.schedule.rounds import MARKET_DATA
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.dagster_home import export_dagster_home
from cryptopipe_assets.runtime.table_run import QUIET, TableRun
from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.on_demand import serves
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.coins import COINS
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource
from cryptopipe_tests.reference.daemon import daemon, ended, switch_on

GOAL_SECONDS = 10.0
SCHEDULE, SENSOR = "collect_hourly", "derive_features"
PAST = ("instruments", "ohlcv_1m", "funding_rate", "microstructure_1h")
DAYS = 8
"""Factors look back a week."""

AHEAD = timedelta(seconds=75)
"""From the start of the daemon to the tick: the code location is to be loaded by then."""


def market(count: int) -> list[Coin]:
    """The simulated exchange's trading contracts, and as many twins of them as are wanting."""
    own = [coin for coin in COINS if coin.delisted is None]
    twins = [replace(own[n % len(own)], base=f"TWIN{n}") for n in range(count)]
    return [*own, *twins][:count]


def serve(port: int, count: int) -> None:
    """Be the stand-in until terminated."""
    with Sandbox(SimulatedSource(coins=market(count)), port=port) as sandbox:
        while sandbox.url:
            time.sleep(1)


@contextmanager
def standin(port: int, count: int) -> Iterator[str]:
    """Address of a stand-in in its own process."""
    process = get_context("spawn").Process(target=serve, args=(port, count), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        while serves(url) is None:
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.join()


def past(settings: Settings) -> None:
    """Fill the days before today, and let the round before have succeeded."""
    today = datetime.now(UTC).date()
    TableRun(settings, keep=False).materialise(
        PAST, today - timedelta(days=DAYS), today - timedelta(days=1)
    )
    definitions = build(settings)
    repository = definitions.get_repository_def()
    schedule = repository.get_schedule_def(SCHEDULE)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with (
        dg.DagsterInstance.get() as instance,
        dg.build_schedule_context(
            instance=instance, repository_def=repository, scheduled_execution_time=hour
        ) as context,
    ):
        (request,) = schedule.evaluate_tick(context).run_requests or []
        job = definitions.resolve_job_def(schedule.job_name).get_subset(
            asset_selection=set(request.asset_selection or []),
            asset_check_selection=set(request.asset_check_keys or []),
        )
        job.execute_in_process(instance=instance, tags=request.tags, run_config=QUIET)


def write_config(settings: Settings, path: Path, *, offset: int) -> None:
    """The project's cryptopipe.toml with one tier, of the settings' coins, at ``offset``."""
    text = template("cryptopipe.toml").read_text()
    coins = ", ".join(f'"{each}"' for each in settings.config.tiers["hourly"].coins)
    first, rest = text.index("[tiers."), text.index("# What is scheduled once")
    tables = ", ".join(f'"{each}"' for each in MARKET_DATA)
    tier = (
        f"[tiers.hourly]\nevery_minutes = 60\noffset_minutes = {offset}\n"
        f"tables = [{tables}]\ncoins = [{coins}]\n\n"
    )
    path.write_text(text[:first] + tier + text[rest:])


def told(name: str, record: dg.RunRecord | None, due: datetime, log: Path) -> float:
    """Print when what came; seconds from ``due`` to the end.

    Raises
    ------
    SystemExit
        If there is no run that succeeded.
    """
    if record is None or not record.dagster_run.is_success:
        print(log.read_text()[-8000:], file=sys.stderr)
        raise SystemExit(f"{name}: {record.dagster_run.status if record else 'no run came'}")
    instants = [
        record.create_timestamp.timestamp(),
        record.start_time or 0.0,
        record.end_time or 0.0,
    ]
    created, started, end = (each - due.timestamp() for each in instants)
    print(f"{name}: asked for after {created:.1f} s, begun {started:.1f} s, done {end:.1f} s")
    return end


def idle(instance: Path, minutes: int) -> None:
    """Let the daemon run on, and print what its ticks add to the instance where nothing is due."""
    before = sizes(instance)
    time.sleep(60 * minutes)
    for name, after in sizes(instance).items():
        if grown := after - before.get(name, 0):
            print(f"{name}: {grown / 1000:.0f} kB in {minutes} minutes")


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file by its name."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    return {each.name: each.stat().st_size for each in files}


def main() -> None:
    """Measure one tick, and end with 1 if nothing came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tick", description=__doc__)
    parser.add_argument("--coins", type=int, default=100)
    parser.add_argument("--idle", type=int, default=0, help="minutes to let the daemon run on")
    parser.add_argument("--port", type=int, default=8797, help="of the stand-in")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, standin(asked.port, asked.coins) as url:
        home = Path(folder)
        coins = tuple(coin.ticker for coin in market(asked.coins))
        settings = (
            load_settings()
            .with_environment(
                vendors="sandbox",
                sandbox_url=url,
                warehouse=home / "warehouse",
                dagster_home=home / "instance",
            )
            .with_config(tiers={"hourly": Tier(every_minutes=60, tables=MARKET_DATA, coins=coins)})
        )
        environment = {
            "CRYPTOPIPE_VENDORS": "sandbox",
            "CRYPTOPIPE_SANDBOX_URL": url,
            "CRYPTOPIPE_WAREHOUSE": str(home / "warehouse"),
            "CRYPTOPIPE_CONFIG": str(home / "cryptopipe.toml"),
        }
        export_dagster_home(settings)
        began = time.monotonic()
        past(settings)
        print(f"{DAYS} days of {len(coins)} coins: {time.monotonic() - began:.0f} s")
        due = (datetime.now(UTC) + AHEAD).replace(second=0, microsecond=0) + timedelta(minutes=1)
        write_config(settings, home / "cryptopipe.toml", offset=due.minute)
        everything, log = {**os.environ, **environment}, home / "daemon.log"
        switch_on(everything, log, ("schedule", SCHEDULE), ("sensor", SENSOR))
        with daemon(everything, log), dg.DagsterInstance.get() as instance:
            collected = ended(instance, "collect", after=due)
            seconds = told("collect", collected, due, log)
            hours = due + timedelta(minutes=1)
            derived = ended(instance, "__ASSET_JOB", after=hours)
            told("derive, a minute later", derived, hours, log)
            idle(home / "instance", asked.idle)
        verdict = "met" if seconds <= GOAL_SECONDS else "NOT met"
        print(f"tick to done: {seconds:.1f} s, goal {GOAL_SECONDS:.0f} s: {verdict}")


if __name__ == "__main__":
    main()
