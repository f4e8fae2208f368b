"""The status as a person reads it: four tables and what to do next."""

from datetime import datetime, timedelta

from rich.text import Text

from cryptopipe_assets.cli.console import NOTHING, literal, out, plain_table, printable
from cryptopipe_assets.config.settings import Settings
from cryptopipe_assets.core.preview import size
from cryptopipe_assets.operations.status.freshness import TierFreshness
from cryptopipe_assets.operations.status.report import Status
from cryptopipe_assets.vendors.terms import NOW_ONLY

COLOURS = {"fresh": "green", "late": "yellow", "empty": "yellow", "stale": "red", "missing": "red"}
IN_TIME = {True: "green", False: "red"}


def print_status(settings: Settings, found: Status) -> None:
    """Print how fresh the tables are, what is deleted, what may be asked, and advice."""
    out.print(f"[bold]{literal(settings.warehouse)}[/]  holds: {found.origin or 'nothing yet'}\n")
    table = plain_table()
    for name in ("table", "tier"):
        table.add_column(name, no_wrap=True)
    for name in ("newest", "age", "stale after"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("next", justify="right", no_wrap=True)
    table.add_column("days", justify="right", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("gaps", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for each in found.tables:
        for i, tier in enumerate(each.tiers):
            table.add_row(
                each.table if i == 0 else "",
                literal(tier.tier or NOTHING),
                _instant(tier.newest_ts, found.now),
                span(tier.age),
                span(tier.stale_after),
                f"[{COLOURS[tier.state]}]{tier.state}[/]",
                _next(found, tier),
                (f"{len(each.files.days):,}" if each.level.has_days else NOTHING) if i == 0 else "",
                size(each.files.bytes) if i == 0 else "",
                f"{found.gaps.get(each.table, 0) or NOTHING}" if i == 0 else "",
                Text(printable(tier.why)),
            )
    out.print(table)
    for blocker in found.blockers:
        out.print(Text(printable(f"blocked: {blocker.why}"), style="yellow"))
    _print_deletions(found)
    _print_calls(found)
    for sentence in found.refused:
        out.print(Text(printable(sentence), style="red"))
    _print_advice(found)


def _print_calls(found: Status) -> None:
    if not found.calls:
        return
    table = plain_table(title="Rate limits and quotas: what is left of our planned share")
    for name in ("vendor", "counted as", "in a"):
        table.add_column(name)
    for name in ("planned", "used", "left"):
        table.add_column(name, justify="right")
    table.add_column("begins anew")
    for each in found.calls:
        planned = each.allowance.planned
        colour = "red" if each.left == 0 else "yellow" if each.left < planned / 5 else "green"
        table.add_row(
            each.allowance.vendor,
            each.allowance.family,
            each.allowance.window,
            f"{planned:,}",
            f"{each.used:,}",
            f"[{colour}]{each.left:,}[/]",
            _instant(each.renewed_at, found.now),
        )
    out.print(table)


def _print_deletions(found: Status) -> None:
    if not found.deletions:
        return
    table = plain_table(title="Expiry: what vendors delete, and whether we are in time")
    for name in ("table", "vendor", "keeps"):
        table.add_column(name, no_wrap=True)
    for name in ("stored until", "next expires", "left"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("next pull", justify="right", no_wrap=True)
    table.add_column("in time", no_wrap=True)
    table.add_column("afterwards only from", overflow="fold")
    for each in found.deletions:
        keeps = each.offered.offer.keeps
        gone = each.deleted_from
        table.add_row(
            each.offered.offer.table,
            each.offered.vendor.name,
            "the present" if keeps == NOW_ONLY else span(keeps),
            _instant(each.secured_until, found.now),
            _instant(gone, found.now) if each.secured_until else "now",
            span(max(gone - found.now, timedelta(0))) if gone and each.secured_until else NOTHING,
            _instant(each.next_pull, found.now),
            f"[{IN_TIME[each.in_time]}]{'yes' if each.in_time else 'no'}[/]",
            each.offered.offer.afterwards or "nowhere",
        )
    out.print(table)


def _print_advice(found: Status) -> None:
    if all(table.state == "missing" for table in found.tables):
        out.print("The warehouse is empty. Fill it: [bold]cryptopipe demo[/]")
    elif not found.scheduler_runs:
        out.print(
            "No scheduler runs, so nothing is pulled by itself: [bold]make dev[/], "
            "or [bold]cryptopipe refresh[/] once"
        )
    elif not any(found.next_pulls.values()):
        out.print(
            "Every schedule is switched off: switch them on in the UI under Automation, or "
            "[bold]cryptopipe refresh[/] once"
        )


def _next(found: Status, tier: TierFreshness) -> str:
    at = found.next_pulls[tier.table, tier.tier]
    return f"in {span(at - found.now)}" if at else "none"


def _instant(at: datetime | None, now: datetime) -> str:
    """The time of day, with the date if it is not today's."""
    if at is None:
        return NOTHING
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def span(length: timedelta | None) -> str:
    """A length of time in the unit in which a person would say it."""
    if length is None:
        return NOTHING
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} d"
