"""Whether a backfill fits into what is left of the vendors' days and months. Pure."""

from collections.abc import Sequence

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.operations.backfill.estimate import Line
from cryptopipe_assets.vendors.calls_left import CallsLeft


def refuse_if_it_cannot_fit(lines: Sequence[Line], left: Sequence[CallsLeft]) -> None:
    """Check the plan against what is left of the vendors' days and months, before it starts.

    Raises
    ------
    RequestError
        Naming the vendor, what is planned, what is left, when there is more, and what to do.
    """
    for each in left:
        allowance = each.allowance
        planned = sum(line.counted for line in lines if line.vendor == allowance.vendor)
        if allowance.is_rolling or planned <= each.left:
            continue
        fits = f"wait until {each.renewed_at:%Y-%m-%d}, or " if planned <= allowance.planned else ""
        raise RequestError(
            f"this backfill plans {planned:,} {allowance.family} of {allowance.vendor}, which has "
            f"{each.left:,} left of {allowance.planned:,} a {allowance.window}: {fits}request "
            "fewer days, coins (--symbols) or tables (--tables)"
        )
