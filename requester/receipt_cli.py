"""`touchstone receipt`: one file that says what happened to a job, and its check by anyone."""

from __future__ import annotations

import json as codec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from requester.cli_common import JsonOption, job_id
from requester.store import Store
from touchstone.chain.deployment import Deployment
from touchstone.chain.market import Market
from touchstone.chain.rpc import connect
from touchstone.cli.output import emit
from touchstone.errors import ReceiptError, UnknownJobError
from touchstone.receipts import build, check
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Console

receipt_app = typer.Typer(no_args_is_help=True, help="Make and check receipts of jobs.")

_MOST_BYTES = 16 << 20


@receipt_app.command("build")
def build_command(
    job: Annotated[str, typer.Argument(help="The job's id; anybody's job.")],
    out: Annotated[Path, typer.Option(help="Where to write the receipt.")],
    disclose: Annotated[
        bool,
        typer.Option(
            "--disclose",
            help="Open the input's and output's hashes (own jobs only): with that, whoever has "
            "the receipt can test guesses of them.",
        ),
    ] = False,
    rpc: Annotated[str | None, typer.Option(help="The chain's JSON-RPC endpoint.")] = None,
    json: JsonOption = False,
) -> None:
    """Write a job's receipt. Needs no key."""
    settings = load_settings()
    deployment = Deployment.load(settings.deployment_path)
    w3 = connect(rpc or settings.rpc_url, deployment.chain_id)
    wanted, market = job_id(job), Market(w3, deployment)
    order = market.order_of(wanted)
    if order is None:
        raise UnknownJobError(f"this market has opened no job {job}")
    opened: dict[str, bytes | None] = {}
    if disclose:
        store = Store(settings.home / "requester" / "requester.sqlite", market.contract.address)
        own = store.get(wanted)
        if own is None:
            raise UnknownJobError("only the requester of a job can open its input and output")
        opened = {
            "salt": own.salt,
            "input_payload": own.payload,
            "output_payload": store.output(wanted),
        }
    receipt = build(w3, deployment, order, **opened)
    try:
        out.write_text(codec.dumps(receipt, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ReceiptError(f"cannot write {out}: {error.strerror}") from error
    data = {"job": "0x" + wanted.hex(), "file": str(out), "verdict": receipt["verdict"]}
    emit(
        data,
        json,
        lambda console: console.print(
            f"written to {out}; check it with: touchstone receipt check {out}", soft_wrap=True
        ),
    )


@receipt_app.command("check")
def check_command(
    file: Annotated[Path, typer.Argument(help="The receipt.")],
    rpc: Annotated[str | None, typer.Option(help="The chain's JSON-RPC endpoint.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no chain: only recompute.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check a receipt alone. Exit status 1 if anything in it does not hold."""
    receipt = _read(file)
    settings = load_settings()
    w3 = None if offline else connect(rpc or settings.rpc_url)
    trusted = settings.deployment_path.exists() and not offline
    deployment = Deployment.load(settings.deployment_path) if trusted else None
    results = check(receipt, w3, deployment)
    ok = all(result.ok for result in results)
    data = {
        "ok": ok,
        "market_trusted": trusted,
        "checks": [{"name": r.name, "ok": r.ok, "detail": r.detail} for r in results],
    }

    def render(console: Console) -> None:
        for result in results:
            mark = "[green]ok  [/green]" if result.ok else "[red]FAIL[/red]"
            console.print(f"{mark} {result.name:18} {escape(result.detail)}", soft_wrap=True)
        if not trusted and not offline:
            console.print("[yellow]no deployment file: make sure that you know the market[/yellow]")
        console.print("[green]the receipt holds[/green]" if ok else "[red]it does not hold[/red]")

    emit(data, json, render)
    if not ok:
        raise typer.Exit(1)


def _read(file: Path) -> object:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ReceiptError(f"{file} is too large for a receipt")
        return codec.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ReceiptError(f"{file} is not a receipt: {error}") from error
