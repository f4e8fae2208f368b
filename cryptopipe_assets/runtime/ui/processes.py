"""The services' own processes: Dagster's web server in its guard, and Dagster's daemon.

Run as a module. The web server has no port of its own behind the guard: the guard is part of the
same application, so there is no way around it.
"""

import argparse
import logging
import sys
from pathlib import Path

import dagster as dg
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.cli import cli as dagster_daemon
from dagster._utils.log import configure_loggers
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__ as version
from starlette.types import ASGIApp

from cryptopipe_assets.config.settings import Settings, load_settings
from cryptopipe_assets.core.errors import CryptopipeError
from cryptopipe_assets.runtime.ui.authorities import Allowed
from cryptopipe_assets.runtime.ui.guard import Guard
from cryptopipe_assets.runtime.ui.lifeline import hold
from cryptopipe_assets.runtime.ui.login import Login

POLL_MILLISECONDS = 2000
STATEMENT_MILLISECONDS = 15_000
POOL_RECYCLE_SECONDS = 3600
POOL_OVERFLOW = 20
FAREWELL_SECONDS = 5
"""How long open pages may go on asking after the end was asked for."""


def guarded(app: ASGIApp, settings: Settings, *, port: int, read_only: bool) -> Guard:
    """The application behind the guard that the settings want.

    Raises
    ------
    ConfigError
        If the token can be guessed.
    """
    token = settings.environment.ui_token
    return Guard(
        app,
        allowed=Allowed(port, settings.config.ui.allowed_hosts),
        login=Login(token, port=port) if token else None,
        read_only=read_only,
    )


def webserver(settings: Settings, workspace: Path, *, port: int, read_only: bool) -> None:
    """Serve Dagster's UI on 127.0.0.1 until interrupted."""
    configure_loggers(log_level="INFO")
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_MILLISECONDS, POOL_RECYCLE_SECONDS, POOL_OVERFLOW)
        with WorkspaceProcessContext(
            instance,
            version=version,
            read_only=read_only,
            workspace_load_target=WorkspaceFileTarget([str(workspace)]),
        ) as context:
            app = create_app_from_workspace_process_context(
                context, live_data_poll_rate=POLL_MILLISECONDS
            )
            uvicorn.run(
                guarded(app, settings, port=port, read_only=read_only),
                host="127.0.0.1",
                port=port,
                log_level="warning",
                timeout_graceful_shutdown=FAREWELL_SECONDS,
            )


def daemon(workspace: Path) -> None:
    """Run Dagster's daemon until interrupted."""
    dagster_daemon(["run", "--workspace", str(workspace)], standalone_mode=False)


def main() -> int:
    """Entry point of the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("service", choices=["webserver", "daemon"])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--lifeline", type=int, required=True)
    told = parser.parse_args()
    hold(told.lifeline)
    if told.service == "daemon":
        daemon(told.workspace)
        return 0
    try:
        webserver(load_settings(), told.workspace, port=told.port, read_only=told.read_only)
    except CryptopipeError as exc:
        logging.getLogger("cryptopipe.ui").error("%s", exc)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
