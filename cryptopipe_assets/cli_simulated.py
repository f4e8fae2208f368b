"""Commands that measure something over simulated time."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cryptopipe_assets.cli_options import settings_for


def calls(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day to simulate, YYYY-MM-DD. Default: yesterday."),
    ] = None,
) -> None:
    """Count the API calls that a simulated day of market data costs, per vendor."""
    from cryptopipe_assets.commands.calls import calls as run

    wanted = day or datetime.now(UTC) - timedelta(days=1)
    run(settings_for(None), wanted.date())
