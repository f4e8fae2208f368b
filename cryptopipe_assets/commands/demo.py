"""The whole graph on the simulated market, and a look at what came out."""

from datetime import UTC, date, datetime, timedelta
from textwrap import dedent, indent

from cryptopipe_assets.commands.console import frame_table, out
from cryptopipe_assets.commands.contents import contents
from cryptopipe_assets.commands.run import Outcome, TableRun
from cryptopipe_assets.commands.sql import ask
from cryptopipe_assets.definitions import defs, in_order
from cryptopipe_assets.errors import ConfigError
from cryptopipe_assets.settings import PROJECT, Settings

DAYS = 10
WARM_UP_DAYS = 7
"""The longest window of a factor; collected first, so that all ten days have factors."""

QUERIES = {
    "Where is volatility expanding? The newest hour against its own week": """
        SELECT symbol, close, round(realized_vol * 1e4, 1) AS vol_bp,
               round(vol_regime, 2) AS vol_regime,
               round(returns_24h * 100, 2) AS ret_24h_pct
        FROM factors_1h
        WHERE ts = (SELECT max(ts) FROM factors_1h)
        ORDER BY vol_regime DESC LIMIT 5""",
    "What does leverage cost? Three days of funding, annualised, paid by longs": """
        SELECT symbol, count(*) AS settled, any_value(interval_hours) AS every_h,
               round(sum(funding_rate) * 365 / 3 * 100, 2) AS pct_per_year
        FROM funding_rate
        WHERE ts > (SELECT max(ts) FROM funding_rate) - INTERVAL 3 DAY
        GROUP BY symbol ORDER BY pct_per_year DESC LIMIT 5""",
    "What did a decision at yesterday noon know? No row is used before its time": """
        SELECT symbol, max(ts) AS last_bar, max(available_at) AS known_at,
               arg_max(close, ts) AS close
        FROM ohlcv_1m
        WHERE available_at <= (SELECT max(date) FROM ohlcv_1m) - INTERVAL 12 HOUR
        GROUP BY symbol ORDER BY symbol LIMIT 5""",
}


def demo(settings: Settings, *, days: int) -> None:
    """Fill every table over ``days`` days and show the result.

    Raises
    ------
    ConfigError
        If the profile would ask real vendors.
    """
    if settings.environment.vendors != "sandbox":
        raise ConfigError(
            f"the demo runs on the stand-in, but CRYPTOPIPE_VENDORS is "
            f"{settings.environment.vendors}; unset it for the demo"
        )
    today = datetime.now(UTC).date()
    first = today - timedelta(days=days - 1)
    run = TableRun(settings, keep=True)
    tables = in_order(defs)
    out.print(
        f"[bold]cryptopipe demo[/]  a simulated market of {_coins(settings)} perpetuals, "
        f"{first} to {today}\n"
    )
    warm_up = [name for name in tables if name != "factors_1h"]
    before = first - timedelta(days=WARM_UP_DAYS)
    out.print(f"Warming up, {before} to {first - timedelta(days=1)}")
    outcomes = [run.materialise(warm_up, before, first - timedelta(days=1))]
    out.print(f"\nFilling, {first} to {today}")
    outcomes.append(run.materialise(tables, first, today))
    _summary(settings, outcomes)
    _examples(settings)
    _next_steps(settings, today)


def _coins(settings: Settings) -> int:
    return sum(len(tier.coins) for tier in settings.config.tiers.values())


def _summary(settings: Settings, outcomes: list[Outcome]) -> None:
    out.print()
    out.print(contents(settings))
    out.print(
        "signals stays empty until a strategy has what it needs: 20 coins with a leverage, 28 days "
        "of supplies, or 63 days of prices. Its page in the UI counts the reasons.",
        style="dim",
    )
    seconds = sum(each.seconds for each in outcomes)
    checks = sum(each.checks for each in outcomes)
    warnings = [each for outcome in outcomes for each in outcome.warnings]
    out.print(
        f"{seconds:.1f} s of materialising; {checks - len(warnings)} of {checks} checks passed"
    )
    for table, check in warnings:
        out.print(f"  [yellow]warning[/] {table}: {check}; see its page in the UI")


def _examples(settings: Settings) -> None:
    for question, query in QUERIES.items():
        out.print(f"\n[bold]{question}[/]")
        out.print(indent(dedent(query).strip(), "  "), style="dim")
        out.print(frame_table(ask(settings, query)))


def _next_steps(settings: Settings, today: date) -> None:
    example = (today - timedelta(days=1)).isoformat()
    out.print("\n[bold]Next[/]")
    steps = {
        "make dev": "the Dagster UI at http://127.0.0.1:3000: graph, checks, columns, freshness",
        'cryptopipe sql "FROM factors_1h LIMIT 5"': "any query; without one, the tables",
        "cryptopipe status": "rows, age and freshness of every table",
        f"dagster asset materialize -m cryptopipe_assets.definitions --select factors_1h "
        f"--partition {example}": "one table, one day, as in CI",
    }
    for command, what in steps.items():
        out.print(f"  [cyan]{command}[/]\n      {what}", soft_wrap=True)
    if settings.warehouse == PROJECT / "warehouse":
        out.print("  commands are in .venv/bin; `source .venv/bin/activate` puts them on the path")
