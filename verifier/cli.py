"""`touchstone verifier`: watch a market, drive its jobs, audit what one is given."""

from __future__ import annotations

import logging
import os
import signal
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer

from touchstone.amounts import format_tokens
from touchstone.chain.credits import withdraw_credits
from touchstone.chain.deployment import Deployment
from touchstone.chain.disputes import Disputes
from touchstone.chain.keystore import PASSWORD_VARIABLE, load_key
from touchstone.chain.market import Market
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.cli.output import emit
from touchstone.errors import ServiceError, SettingsError
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="Watch a market: drive, audit, report.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DEFAULT_LISTEN = "127.0.0.1:9100"


@app.command("run")
def run(
    key: Annotated[
        Path | None, typer.Option(help="Key file; by default keys/verifier.json in the home.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder to remember in; by default verifier in the home.")
    ] = None,
    listen: Annotated[str, typer.Option(help="Host and port of the service.")] = DEFAULT_LISTEN,
    broker: Annotated[
        str, typer.Option(help="Redis or RabbitMQ by URL; without it, a Redis of its own.")
    ] = "",
    locks: Annotated[
        str, typer.Option(help="Redis for locks, where the broker is not a Redis.")
    ] = "",
    model: Annotated[
        list[Path] | None, typer.Option(help="Compiled model to audit with; may be repeated.")
    ] = None,
    audit_share: Annotated[
        float, typer.Option(help="Share of jobs that are audited.", min=0, max=1)
    ] = 1.0,
    challenge: Annotated[
        bool,
        typer.Option(
            "--challenge/--no-challenge",
            help="Dispute results that differ, with a bond of the key's tokens; needs a model.",
        ),
    ] = True,
    interval: Annotated[
        float, typer.Option(help="Seconds between two looks at the chain.", min=0.05)
    ] = 1.0,
    json: JsonOption = False,
) -> None:
    """Run the verifier until Ctrl-C."""
    # Here, so that other commands do not wait for these.
    import uvicorn

    from touchstone.serving import server_config
    from verifier.config import VerifierConfig, celery_url
    from verifier.service import Service

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load_settings()
    host, port = _host_and_port(listen)
    if broker and not locks and not broker.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("a broker that is no Redis needs --locks with a Redis as well")
    key = key or settings.keys / "verifier.json"
    if PASSWORD_VARIABLE not in os.environ and sys.stdin.isatty():
        # The workers need it too; a process's environment is readable by its user only.
        os.environ[PASSWORD_VARIABLE] = getpass(f"Password for {key}: ")
    account = load_key(key)
    config = VerifierConfig(
        rpc_url=settings.rpc_url,
        deployment=settings.deployment_path.resolve(),
        key=key.resolve(),
        data=(data or settings.home / "verifier").resolve(),
        broker=celery_url(broker),
        locks=locks or broker,
        models=tuple(folder.resolve() for folder in model or ()),
        audit_share=audit_share,
        challenge=challenge,
        interval_s=interval,
    )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Service(config, account.address) as service:
            shown = {"listen": f"http://{host}:{port}", **service.health()}
            emit(shown, json, lambda console: _render(console, shown))
            uvicorn.Server(server_config(service.app, host, port)).run()
    except KeyboardInterrupt:
        return


@app.command("status")
def status(
    url: Annotated[str, typer.Option(help="Where the verifier serves.")] = (
        f"http://{DEFAULT_LISTEN}"
    ),
    json: JsonOption = False,
) -> None:
    """Show how a running verifier is, and what its audits found."""
    try:
        with httpx.Client(base_url=url, timeout=5) as client:
            shown: dict[str, Any] = client.get("/health").json()
            shown["audits"] = client.get("/audits").raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise ServiceError(
            f"no verifier answers at {url} ({type(error).__name__}): "
            "start one with `touchstone verifier run`"
        ) from error
    emit(shown, json, lambda console: _render_status(console, shown))


@app.command("withdraw")
def withdraw(
    key: Annotated[
        Path | None, typer.Option(help="Key file; by default keys/verifier.json in the home.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Move all that market, vault and dispute engine owe to the verifier's key to its account."""
    settings = load_settings()
    deployment = Deployment.load(settings.deployment_path)
    w3 = connect(settings.rpc_url, deployment.chain_id)
    sender = Sender(w3, load_key(key or settings.keys / "verifier.json"))
    amount = withdraw_credits(
        Market(w3, deployment), Vault(w3, deployment), Disputes(w3, deployment), sender
    )
    data = {"verifier": sender.address, "withdrawn": format_tokens(amount)}
    emit(data, json, lambda console: console.print(f"withdrawn: {data['withdrawn']} tokens"))


def _render(console: Console, shown: dict[str, Any]) -> None:
    console.print(f"[green]verifier {shown['verifier']} is up[/green] at {shown['listen']}")
    console.print(f"market {shown['market']} on chain {shown['chain_id']}; Ctrl-C ends it")


def _render_status(console: Console, shown: dict[str, Any]) -> None:
    for name in ("verifier", "ready", "market", "chain_id", "checkpoint", "unfinished", "broker"):
        console.print(f"{name:12} {shown[name]}")
    for name, running in shown["workers"].items():
        console.print(f"worker {name:5} {'[green]up[/green]' if running else '[red]down[/red]'}")
    for audit in shown["audits"]:
        colour = {"agrees": "green", "differs": "red"}.get(audit["verdict"], "yellow")
        doing = audit.get("dispute")
        told = f", dispute: {doing}" if doing else ""
        console.print(f"audit {audit['job']} [{colour}]{audit['verdict']}[/{colour}]{told}")


def _host_and_port(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise SettingsError(f"{listen!r} is not host:port, like {DEFAULT_LISTEN}")
    return host.strip("[]"), int(port)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
