"""The current book of every strategy as a person reads it: who is held, and if nobody, why."""

from collections.abc import Mapping

import polars as pl
from rich.table import Table as RichTable

from cryptopipe_assets.cli.console import plain_table
from cryptopipe_assets.cli.sql import ask
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.quant.strategies.strategy_set import STRATEGIES

NAMES_SHOWN = 10
NO_BREAK = "\N{NO-BREAK SPACE}"
HELD = """
    SELECT strategy, leg, coin, weight, ts FROM signals
    WHERE leg IS NOT NULL AND ts = (SELECT max(ts) FROM signals)
    ORDER BY strategy, leg, abs(weight) DESC, coin
"""


def books(settings: Settings, refused: Mapping[str, object]) -> RichTable:
    """Names and weights of every strategy on the newest day with signals.

    Parameters
    ----------
    refused
        Metadata of a run of ``signals``: ``refused/<strategy>/<reason>`` counts the coins and days
        that have no signal.
    """
    held = ask(settings, HELD)
    day = f" on what was known at the end of {held['ts'][0]:%Y-%m-%d}" if held.height else ""
    shown = plain_table(title=f"Current books{day}")
    shown.add_column("strategy", no_wrap=True)
    shown.add_column("leg", no_wrap=True)
    shown.add_column("names, and percent of the notional")
    for strategy in STRATEGIES:
        name = f"{strategy.id} (research)" if strategy.research else strategy.id
        own = held.filter(strategy=strategy.id)
        if own.is_empty():
            shown.add_row(name, "none", f"no book: {_reasons(strategy.id, refused)}")
            continue
        for leg in ("long", "short"):
            shown.add_row(name, leg, _names(own.filter(leg=leg)))
            name = ""
    return shown


def _names(held: pl.DataFrame) -> str:
    """Largest positions first; the others are counted."""
    pairs = held.select("coin", "weight").head(NAMES_SHOWN).rows()
    named = "  ".join(f"[bold]{coin}[/]{NO_BREAK}{abs(weight) * 100:.1f}" for coin, weight in pairs)
    more = held.height - NAMES_SHOWN
    return (named or "none") + (f"  and {more} more" if more > 0 else "")


def _reasons(strategy: str, refused: Mapping[str, object]) -> str:
    """Reasons that the run counted, the most frequent first."""
    prefix = f"refused/{strategy}/"
    counts = {
        name.removeprefix(prefix): int(str(count))
        for name, count in refused.items()
        if name.startswith(prefix)
    }
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    said = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in ordered)
    return said or "nothing to rank"
