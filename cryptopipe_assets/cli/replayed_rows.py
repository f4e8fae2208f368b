"""What a folder holds of a range against what a replay of it stored."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta

import polars as pl

from cryptopipe_assets.cli.console import frame_table, out
from cryptopipe_assets.core.time import midnight
from cryptopipe_assets.core.versions import latest
from cryptopipe_assets.sandbox.recorded.daily import RecordedRows
from cryptopipe_assets.storage.lake import Lake
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.tables.collected.instruments import INSTRUMENT, Instruments

SHOWN = 5
"""Series that a message names."""


def report_rows(
    lake: Lake,
    recorded: Iterable[RecordedRows],
    tables: Collection[str],
    *,
    first: date,
    last: date,
) -> None:
    """Print recorded and stored rows by table and vendor, and warn of every difference.

    Market caps are not counted: lists and daily prices are merged into one row a coin and day.
    """
    series = [each for each in recorded if each.table in tables]
    if not series:
        return
    compared = _compared(lake, series, first, last)
    rows = [
        {
            "rows of": table,
            "from": source,
            "recorded": sum(counts[0] for counts in found.values()),
            "stored": sum(counts[1] for counts in found.values()),
        }
        for (table, source), found in sorted(compared.items())
    ]
    out.print(frame_table(pl.DataFrame(rows)))
    for (table, source), found in sorted(compared.items()):
        for line in _differences(table, source, found):
            out.print(f"  [yellow]warning[/] {line}", soft_wrap=True)


def _compared(
    lake: Lake, series: Iterable[RecordedRows], first: date, last: date
) -> dict[tuple[str, str], dict[str, tuple[int, int]]]:
    """Return (table, source) -> name -> rows recorded and rows stored.

    The name is the contract where the registry has the vendor's spelling, else empty: what a
    vendor tells of other venues' contracts is compared as a whole.
    """
    known = latest(lake.read(Instruments), INSTRUMENT)
    contract = {
        (venue, spelling): symbol
        for venue, spelling, symbol in known.select("venue", "vendor_symbol", "symbol").iter_rows()
    }
    recorded: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in series:
        own = any(venue == each.source for venue, _ in contract)
        name = contract.get((each.source, each.symbol), each.symbol) if own else ""
        recorded[each.table, each.source][name] += each.rows
    stored = {each: _stored(lake, *each, first, last) for each in recorded}
    return {
        each: {
            name: (count, stored[each].get(name, 0) if name else sum(stored[each].values()))
            for name, count in sorted(counts.items())
        }
        for each, counts in recorded.items()
    }


def _stored(lake: Lake, table: str, source: str, first: date, last: date) -> dict[str, int]:
    """Rows of each contract; the days are read once for all, not once for each contract."""
    counts = (
        lake.scan(contracts()[table], first, last)
        .filter(
            pl.col("source") == source,
            pl.col("ts").is_between(
                midnight(first), midnight(last) + timedelta(days=1), closed="left"
            ),
        )
        .group_by("symbol")
        .len()
        .collect()
    )
    return dict(counts.iter_rows())


def _differences(table: str, source: str, found: dict[str, tuple[int, int]]) -> Iterable[str]:
    for fewer, what in (
        (True, "recorded rows of {} are not stored"),
        (
            False,
            "rows of {} were stored that the folder does not hold: the warehouse had them before",
        ),
    ):
        gap = {
            name: abs(held - stored)
            for name, (held, stored) in found.items()
            if held != stored and (stored < held) == fewer
        }
        if not gap:
            continue
        named = [name for name in gap if name]
        rest = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        listed = f" ({', '.join(named[:SHOWN])}{rest})" if named else ""
        yield f"{table}: {sum(gap.values()):,} {what.format(source)}{listed}"
