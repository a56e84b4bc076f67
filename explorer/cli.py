"""`touchstone explorer`: what happened on a market, as web pages and JSON."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.config import FINAL_AFTER, ExplorerConfig
from touchstone.chain.logs import MAX_RANGE
from touchstone.cli.output import emit
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from explorer.indexer.indexer import Look

app = typer.Typer(no_args_is_help=True, help="Show what happened on a market, job by job.")

DeploymentOption = Annotated[
    Path | None, typer.Option(help="Deployment file; by default as in the settings.")
]
RpcOption = Annotated[
    str | None, typer.Option(help="The chain's JSON-RPC address; by default as in the settings.")
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        help="SQLite file or SQLAlchemy URL; by default explorer/explorer.sqlite in the home."
    ),
]
ConfirmationsOption = Annotated[
    int | None,
    typer.Option(
        help="Stay so many blocks behind the chain's head; by default none on development chains, "
        "five elsewhere.",
        min=0,
        max=10_000,
    ),
]
IntervalOption = Annotated[
    float, typer.Option(help="Seconds between two looks at the chain.", min=0.05)
]
RangeOption = Annotated[
    int,
    typer.Option("--range", help="Blocks to read at once, at most.", min=1, max=MAX_RANGE),
]
ModelOption = Annotated[
    list[Path] | None,
    typer.Option(help="A model's folder: disputes about it name its operators. Any number."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("run")
def run(
    deployment: DeploymentOption = None,
    rpc: RpcOption = None,
    database: DatabaseOption = None,
    host: Annotated[str, typer.Option(help="Address to serve at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve at.", min=1, max=65535)] = 9200,
    confirmations: ConfirmationsOption = None,
    final_after: Annotated[
        int, typer.Option(help="Blocks younger than so many are marked as not final.", min=0)
    ] = FINAL_AFTER,
    interval: IntervalOption = 1.0,
    most_blocks: RangeOption = MAX_RANGE,
    model: ModelOption = None,
    json: JsonOption = False,
) -> None:
    """Index the chain and serve the pages until Ctrl-C."""
    # Here, so that other commands do not wait for these.
    import uvicorn

    from explorer.service import Follower, open_explorer
    from explorer.web.app import make_app
    from explorer.web.reading import Reader

    _log_to_stderr()
    config = _config(
        deployment, rpc, database, confirmations, most_blocks, final_after, interval, model or []
    )
    opened = open_explorer(config)
    signal.signal(signal.SIGTERM, _interrupt)
    shown = {
        "listen": f"http://{host}:{port}",
        "chain_id": opened.constants.chain_id,
        "market": opened.constants.market,
        "confirmations": config.confirmations_on(opened.constants.chain_id),
    }
    try:
        with Follower(opened.indexer, interval) as follower:
            reader = Reader(
                opened.database,
                opened.constants,
                lambda: follower.progress,
                config.confirmations_on(opened.constants.chain_id),
                final_after,
            )
            emit(shown, json, lambda console: _render(console, shown))
            uvicorn.run(
                make_app(reader),
                host=host,
                port=port,
                log_level="warning",
                access_log=False,
                limit_concurrency=256,
                timeout_graceful_shutdown=5,
                server_header=False,
            )
    except KeyboardInterrupt:
        return
    finally:
        opened.database.close()


@app.command("index")
def index(
    deployment: DeploymentOption = None,
    rpc: RpcOption = None,
    database: DatabaseOption = None,
    confirmations: ConfirmationsOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when there is nothing left to read.")
    ] = False,
    interval: IntervalOption = 1.0,
    most_blocks: RangeOption = MAX_RANGE,
    json: JsonOption = False,
) -> None:
    """Index the chain without serving pages."""
    from explorer.service import Follower, open_explorer

    _log_to_stderr()
    opened = open_explorer(_config(deployment, rpc, database, confirmations, most_blocks))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if once:
            _emit_look(opened.indexer.catch_up(), json)
        else:
            Follower(opened.indexer, interval).follow()
    except KeyboardInterrupt:
        return
    finally:
        opened.database.close()


@app.command("rebuild")
def rebuild(
    deployment: DeploymentOption = None,
    rpc: RpcOption = None,
    database: DatabaseOption = None,
    confirmations: ConfirmationsOption = None,
    most_blocks: RangeOption = MAX_RANGE,
    json: JsonOption = False,
) -> None:
    """Empty the data base and read everything from the chain again."""
    from explorer.service import open_explorer

    _log_to_stderr()
    opened = open_explorer(_config(deployment, rpc, database, confirmations, most_blocks))
    try:
        opened.indexer.restart()
        _emit_look(opened.indexer.catch_up(), json)
    finally:
        opened.database.close()


@app.command("migrate")
def migrate(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Bring the data base to this version's schema; every other command does so as well."""
    from explorer.database.connect import open_database
    from explorer.database.migrate import migrate as bring_up

    address = database or _default_database()
    opened = open_database(address)
    try:
        data = {"revision": bring_up(opened.writer)}
    finally:
        opened.close()
    emit(data, json, lambda console: console.print(f"the schema is at revision {data['revision']}"))


def _config(
    deployment: Path | None,
    rpc: str | None,
    database: str | None,
    confirmations: int | None,
    most_blocks: int,
    final_after: int = FINAL_AFTER,
    interval: float = 1.0,
    models: Sequence[Path] = (),
) -> ExplorerConfig:
    settings = load_settings()
    return ExplorerConfig(
        rpc_url=rpc or settings.rpc_url,
        deployment=deployment or settings.deployment_path,
        database=database or _default_database(),
        confirmations=confirmations,
        final_after=final_after,
        interval_s=interval,
        most_blocks=most_blocks,
        models=tuple(models),
    )


def _default_database() -> str:
    return str(load_settings().home / "explorer" / "explorer.sqlite")


def _emit_look(look: Look, json: bool) -> None:
    data = {"indexed_block": look.checkpoint.number, "head_block": look.head.number}
    text = f"indexed to block {look.checkpoint.number}; the chain is at {look.head.number}"
    emit(data, json, lambda console: console.print(text))


def _render(console: Console, shown: dict[str, Any]) -> None:
    console.print(f"[green]the explorer is up[/green] at {shown['listen']}")
    console.print(f"market {shown['market']} on chain {shown['chain_id']}; Ctrl-C ends it")


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Alembic tells at each start that it has nothing to do.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
