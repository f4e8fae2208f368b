"""The whole graph on the simulated market, and a look at what came out."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cryptopipe_assets.cli.books import books
from cryptopipe_assets.cli.console import literal, out
from cryptopipe_assets.cli.contents import contents
from cryptopipe_assets.cli.demo.answers import EXAMPLES, RANKINGS, show_answers
from cryptopipe_assets.cli.demo.past import evenings, take_snapshots
from cryptopipe_assets.cli.options import Warehouse, settings_for
from cryptopipe_assets.cli.progress import materialise
from cryptopipe_assets.config.project import checkout
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.time import DAY
from cryptopipe_assets.runtime.dagster_home import dagster_command

if TYPE_CHECKING:
    from cryptopipe_assets.runtime.table_run import Outcome
from cryptopipe_assets.vendors.catalog import asked_for

DAYS = 10
WARM_UP_DAYS = 7
"""The longest window of a factor; collected first, so that all ten days have factors."""

PRICE_DAYS = 100
"""Of daily prices before that: 63 for the averages to warm up, and some for them to cross in."""


def command(
    days: Annotated[int, typer.Option(min=1, max=60, help="Days to fill, today included.")] = 10,
    warehouse: Warehouse = None,
) -> None:
    """Fill every table from a simulated market and show the result. No key, no network."""
    demo(settings_for(warehouse), days=days)


def demo(settings: Settings, *, days: int) -> None:
    """Fill every table over ``days`` days and show the result.

    Raises
    ------
    ConfigError
        If the profile would ask real vendors.
    """
    from cryptopipe_assets.runtime.assembly import build, in_order
    from cryptopipe_assets.runtime.table_run import TableRun

    if settings.environment.vendors != "sandbox":
        raise ConfigError(
            f"the demo runs on the stand-in, but CRYPTOPIPE_VENDORS is "
            f"{settings.environment.vendors}; unset it for the demo"
        )
    today = datetime.now(UTC).date()
    first = today - timedelta(days=days - 1)
    warm_up = first - timedelta(days=WARM_UP_DAYS)
    earliest = warm_up - timedelta(days=PRICE_DAYS)
    run, tables = TableRun(settings, keep=True), in_order(build(settings))
    out.print(f"[bold]cryptopipe demo[/]  {_market(settings)}\n")
    out.print("Contracts")  # first, so that a coin that is not listed is known in a second
    outcomes = [materialise(run, ["instruments"], today, today)]
    out.print(f"\nSupplies, as seen on {len(evenings(today))} evenings of the past year")
    outcomes += take_snapshots(settings, evenings(today))
    out.print(f"\nDaily prices, {earliest} to {today}")
    outcomes.append(materialise(run, ["market_cap"], earliest, today))
    others = [name for name in tables if name != "market_cap"]
    before = [name for name in others if name != "factors_1h"]
    out.print(f"\nWarming up, {warm_up} to {first - DAY}")
    outcomes.append(materialise(run, before, warm_up, first - DAY))
    out.print(f"\nFilling, {first} to {today}")
    outcomes.append(materialise(run, others, first, today))
    _summary(settings, outcomes)
    show_answers(settings, RANKINGS)
    out.print(books(settings, outcomes[-1].metadata.get("signals", {})))
    show_answers(settings, EXAMPLES)
    _next_steps(settings, today)


def _market(settings: Settings) -> str:
    """What is simulated, in a sentence."""
    tiers = settings.config.tiers.values()
    coins = sum(len(tier.coins) for tier in tiers)
    with_bars = sum(len(tier.coins) for tier in tiers if "ohlcv_1m" in tier.tables)
    exchanges = len(asked_for("open_interest", "exchanges"))
    return f"a simulated market: {coins} coins on {exchanges} exchanges, minute bars of {with_bars}"


def _summary(settings: Settings, outcomes: "list[Outcome]") -> None:
    out.print()
    out.print(contents(settings))
    seconds = sum(each.seconds for each in outcomes)
    checks = sum(each.checks for each in outcomes)
    warnings = [each for outcome in outcomes for each in outcome.warnings]
    out.print(
        f"{seconds:.1f} s of materialising; {checks - len(warnings)} of {checks} checks passed"
    )
    for table, check in warnings:
        out.print(f"  [yellow]warning[/] {table}: {literal(check)}; see its page in the UI")


def _next_steps(settings: Settings, today: date) -> None:
    example = (today - timedelta(days=1)).isoformat()
    out.print("\n[bold]Next[/]")
    dev = "make dev" if settings.home == checkout() else "cryptopipe dev"
    dagster = dagster_command(settings)
    steps = {
        dev: "the Dagster UI at http://127.0.0.1:3000: graph, checks, columns, freshness",
        'cryptopipe sql "FROM factors_1h LIMIT 5"': "any query; without one, the tables",
        "cryptopipe status": "rows, age and freshness of every table",
        f"{dagster} asset materialize -m cryptopipe_assets.definitions --select factors_1h "
        f"--partition {example}": "one table, one day, as in CI",
    }
    for command, what in steps.items():
        out.print(f"  [cyan]{command}[/]\n      {what}", soft_wrap=True)
    if settings.has_own_warehouse and (settings.home / ".venv").is_dir():
        out.print("  commands are in .venv/bin; `source .venv/bin/activate` puts them on the path")
