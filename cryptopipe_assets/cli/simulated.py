"""Commands that count calls to vendors: forecast, or measured over simulated time."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cryptopipe_assets.cli.options import Warehouse, settings_for


def calls(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day to simulate, YYYY-MM-DD. Default: yesterday."),
    ] = None,
) -> None:
    """Count the API calls that a simulated day of market data costs, per vendor."""
    from cryptopipe_assets.cli.calls import calls as run

    wanted = day or datetime.now(UTC) - timedelta(days=1)
    run(settings_for(None), wanted.date())


def budget(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """Forecast the schedules' calls, beside used and allowed. Exit code 0 if they fit, else 2."""
    from cryptopipe_assets.cli.budget import budget as run

    raise typer.Exit(run(settings_for(warehouse), as_json=as_json))
