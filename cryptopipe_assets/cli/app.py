"""The command line. Thin: every command calls the graph or reads the warehouse."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryptopipe_assets.cli.console import fail, out
from cryptopipe_assets.cli.options import Warehouse, day, names, settings_for
from cryptopipe_assets.cli.past import backfill, history, rebuild, repair
from cryptopipe_assets.cli.simulated import budget, calls
from cryptopipe_assets.cli.upkeep import backup, restore, thin
from cryptopipe_assets.core.errors import CryptopipeError

app = typer.Typer(
    name="cryptopipe",
    help="Crypto derivatives data: collected, point-in-time correct, served from DuckDB.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Made if it is not there, e.g. my-desk.")],
) -> None:
    """Write a project folder: configuration, keys file, warehouse, a first notebook."""
    from cryptopipe_assets.cli.init import init as run

    run(folder)


@app.command()
def demo(
    days: Annotated[int, typer.Option(min=1, max=60, help="Days to fill, today included.")] = 10,
    warehouse: Warehouse = None,
) -> None:
    """Fill every table from a simulated market and show the result. No key, no network."""
    from cryptopipe_assets.cli.demo.run import demo as run

    run(settings_for(warehouse), days=days)


@app.command()
def replay(
    data: Annotated[Path, typer.Option(help="Folder of recorded vendor files (see README).")],
    start: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option(help="Last day, included.")],
    tables: Annotated[
        str | None, typer.Option(help="Comma-separated tables; with what they are made from.")
    ] = None,
    warehouse: Warehouse = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="A table without recordings is an error.")
    ] = False,
) -> None:
    """Fill the tables from recorded vendor files."""
    from cryptopipe_assets.cli.replay import replay as run

    run(
        settings_for(warehouse),
        data=data.expanduser().resolve(),
        first=day(start, "--start"),
        last=day(end, "--end"),
        tables=names(tables),
        strict=strict,
    )


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """How fresh every table is and what vendors delete. Exit code 0 fresh, 2 stale, 3 missing."""
    from cryptopipe_assets.cli.status import status as run

    raise typer.Exit(run(settings_for(warehouse), as_json=as_json))


@app.command()
def refresh(
    check_only: Annotated[
        bool,
        typer.Option("--check-only", help="Change nothing; exit 0 fresh, 2 stale, 3 missing."),
    ] = False,
    skip_oi: Annotated[
        bool, typer.Option("--skip-oi", help="Leave open interest as it is stored.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Refresh what is fresh, too.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Every table, not only what the strategies need.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=10, help="Seconds after which it returns, whatever is unfinished.")
    ] = 300,
    warehouse: Warehouse = None,
) -> None:
    """Bring up to date what the active strategies need. Exit code 0 only if all succeeded."""
    from cryptopipe_assets.cli.refresh import check
    from cryptopipe_assets.cli.refresh import refresh as run

    settings = settings_for(warehouse)
    if check_only:
        raise typer.Exit(check(settings, every=every))
    done = run(settings, skip_oi=skip_oi, force=force, timeout=timeout, every=every)
    raise typer.Exit(done)


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="DuckDB SQL; without it, the tables.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All rows as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="All rows as CSV.")] = False,
    warehouse: Warehouse = None,
) -> None:
    """Query the catalog."""
    from cryptopipe_assets.cli.sql import sql as run

    form = "json" if as_json else "csv" if as_csv else "table"
    run(settings_for(warehouse), query, form=form)


@app.command()
def catalog(
    absolute: Annotated[
        Path | None,
        typer.Option(help="Write a copy with absolute paths here, for tools that start elsewhere."),
    ] = None,
    warehouse: Warehouse = None,
) -> None:
    """Rebuild the DuckDB catalog from the Parquet files."""
    from cryptopipe_assets.runtime.resources import warehouse as warehouse_of
    from cryptopipe_assets.storage.catalog.catalog import rebuild, write_catalog

    found = warehouse_of(settings_for(warehouse))
    if absolute is None:
        out.print(f"wrote {rebuild(found.lake, found.contracts)}")
    else:
        path = write_catalog(found.lake, found.contracts, absolute, absolute=True)
        out.print(f"wrote {path}")


@app.command()
def doctor(warehouse: Warehouse = None) -> None:
    """Check versions, configuration, folders, files and keys, and say what to fix."""
    from cryptopipe_assets.cli.doctor import doctor as run

    raise typer.Exit(run(settings_for(warehouse)))


@app.command()
def sandbox(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default: sandbox.port; 0 takes a free one."),
    ] = None,
) -> None:
    """Serve the stand-in for the vendors on loopback until interrupted."""
    from cryptopipe_assets.cli.sandbox import sandbox as run

    settings = settings_for(None)
    run(settings, settings.config.sandbox.port if port is None else port)


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = 3000,
) -> None:
    """Open the Dagster UI with its daemon, and the stand-in where the profile wants it."""
    from cryptopipe_assets.cli.dev import dev as run

    raise typer.Exit(run(settings_for(None), port))


app.command()(calls)
app.command()(budget)
app.command()(history)
app.command()(backup)
app.command()(restore)
app.command()(thin)
app.command()(repair)
app.command()(rebuild)
app.command()(backfill)


def main() -> None:
    """Entry point: a failure that we know ends in one line and a non-zero exit code."""
    try:
        app()
    except CryptopipeError as exc:
        fail(str(exc))
        sys.exit(1)
    except Exception as exc:
        from dagster import Failure  # imported late: --help need not wait for it

        if not isinstance(exc, Failure):
            raise
        fail(exc.description or "a table was refused by its contract")
        sys.exit(1)
