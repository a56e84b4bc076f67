"""`touchstone job`: order inference and get what it gives, or the money back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from requester.cli_common import (
    JobArgument,
    JsonOption,
    KeyOption,
    MaxPriceOption,
    ModelOption,
    NeverPublishOption,
    ReplicasOption,
    StrongOption,
    TimeoutOption,
    TokenizerOption,
    VerifierOption,
    find_job,
    job_data,
    live,
    open_client,
    outcome_data,
)
from requester.generate_cli import generate
from requester.prove_cli import prove
from requester.receipt_cli import receipt_app
from touchstone.amounts import format_tokens, parse_positive_tokens
from touchstone.cli.output import emit
from touchstone.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from rich.console import Console

__all__ = ["job_app", "receipt_app"]

job_app = typer.Typer(no_args_is_help=True, help="Order inference, and follow what was ordered.")


job_app.command("generate")(generate)
job_app.command("prove")(prove)


@job_app.command("submit")
def submit(
    model: ModelOption,
    folder: TokenizerOption,
    texts: Annotated[list[str] | None, typer.Argument(help="Texts, each one input.")] = None,
    file: Annotated[Path | None, typer.Option(help="Texts, one in each line.")] = None,
    replicas: ReplicasOption = 3,
    max_price: MaxPriceOption = None,
    strong: StrongOption = False,
    audit: Annotated[
        int,
        typer.Option(
            help="With one replica: have one result in so many audited by a drawn provider (1, 2, "
            "4 ... 64; 0: none). A share for it is paid in advance, and returns if none is drawn."
        ),
    ] = 0,
    verifier: VerifierOption = None,
    wait: Annotated[bool, typer.Option(help="Stay until the job has ended.")] = True,
    timeout: TimeoutOption = 600,
    never_publish: NeverPublishOption = False,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Order a model's output on texts, and wait for it."""
    inputs = list(texts or [])
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise RequestError(f"cannot read the texts in {file}: {reason}") from error
        inputs += [line for line in lines if line]
    if not inputs:
        raise RequestError("there is no input: give texts, or --file")
    if any(not text.strip() for text in inputs):
        raise RequestError("a text is empty: leave it out, or it would be paid for")
    limit = None if max_price is None else parse_positive_tokens(max_price)
    client = open_client(key, verifier or (), never_publish=never_publish)
    with live(json) as on_progress:
        job = client.submit(
            inputs,
            model,
            model_folder=folder,
            replicas=replicas,
            strong=strong,
            audit_odds=audit,
            max_price=limit,
        )
        outcome = client.wait(job, timeout, on_progress) if wait else client.outcome(job)
        if outcome.settled:
            client.output(job)
    data = job_data(client, job, outcome)
    emit(data, json, lambda console: _render(console, data))
    if wait and not outcome.settled:
        raise typer.Exit(1)


@job_app.command("show")
def show(
    job: Annotated[str | None, typer.Argument(help="The job's id; without it, all jobs.")] = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Show how a job stands, or all jobs of this requester."""
    client = open_client(key)
    if job is not None:
        found = find_job(client, job)
        data = job_data(client, found, client.outcome(found))
        emit(data, json, lambda console: _render(console, data))
        return
    all_data = [outcome_data(one, client.outcome(one)) for one in client.jobs()]

    def render(console: Console) -> None:
        for one in all_data:
            console.print(
                f"{one['job']} {one['phase']:10} {one['payment']} tokens {one['model']}",
                soft_wrap=True,
            )
        if not all_data:
            console.print("no jobs yet")

    emit(all_data, json, render)


@job_app.command("raise")
def raise_rung(
    job: JobArgument,
    replicas: Annotated[
        int, typer.Option(help="Providers that must agree on it now.", min=2, max=5)
    ] = 3,
    max_price: MaxPriceOption = None,
    timeout: TimeoutOption = 600,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Have a delivered result computed again by several providers, and compare.

    Where they find another one, the earlier result can be challenged while its bond is locked.
    """
    limit = None if max_price is None else parse_positive_tokens(max_price)
    client = open_client(key)
    given = find_job(client, job)
    with live(json) as on_progress:
        raised = client.raise_rung(given, replicas, max_price=limit)
        outcome = client.wait(raised, timeout, on_progress)
        agrees = outcome.settled and client.agrees(given, raised)
    data = job_data(client, raised, outcome) | {
        "raises": "0x" + given.id.hex(),
        "agrees": agrees,
        "challengeable_until": client.state(given).locked_until,
    }
    emit(data, json, lambda console: _render(console, data))
    if not agrees:
        raise typer.Exit(1)


@job_app.command("audit")
def audit(job: JobArgument, key: KeyOption = None, json: JsonOption = False) -> None:
    """Have a settled result audited for certain, by a provider that the chain draws; costs a share.

    Whoever finds another result disputes it; whoever finds the same answers for it with its bond.
    """
    client = open_client(key)
    found = find_job(client, job)
    client.audit(found)
    data = job_data(client, found, client.outcome(found))
    emit(data, json, lambda console: _render(console, data))


@job_app.command("result")
def result(
    job: JobArgument,
    out: Annotated[
        Path | None, typer.Option(help="Write the arrays to this .npz file instead.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the job.", min=0)] = 600,
    never_publish: NeverPublishOption = False,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Print a job's result, one array for each input; waits for it, and checks it.

    Where no provider hands it out, it is demanded on chain.
    """
    client = open_client(key, never_publish=never_publish)
    found = find_job(client, job)
    with live(json) as on_progress:
        outcome = client.wait(found, timeout, on_progress)
        if not outcome.settled:
            raise RequestError(
                f"the job has no result: it is {outcome.phase.name.lower()} ({outcome.reason})"
            )
        known = found.fraction_bits is not None
        arrays: Sequence[NDArray[Any]] = (
            client.real_result(found) if known else client.result(found)
        )
    data = {
        "job": "0x" + found.id.hex(),
        "unit": "real" if known else "fixed point",
        "result": None if out else [array.tolist() for array in arrays],
        "file": str(out) if out else None,
    }
    if out is not None:
        import numpy as np

        try:
            np.savez(out, *arrays)
        except OSError as error:
            raise RequestError(f"cannot write {out}: {error.strerror}") from error

    def render(console: Console) -> None:
        if out is not None:
            console.print(f"{len(arrays)} arrays written to {out}", soft_wrap=True)
            return
        for index, array in enumerate(arrays):
            console.print(f"[bold]input {index}[/bold] shape {array.shape}")
            console.print(str(array))

    emit(data, json, render)


@job_app.command("deliver")
def deliver(job: JobArgument, key: KeyOption = None, json: JsonOption = False) -> None:
    """Publish a job's input on chain, for everyone to read: no provider can say that it lacks it.

    Needed only where a provider demands it, and then done by whatever waits for the job.
    """
    client = open_client(key)
    found = find_job(client, job)
    client.deliver(found)
    data = job_data(client, found, client.outcome(found))
    emit(data, json, lambda console: _render(console, data))


@job_app.command("demand")
def demand(job: JobArgument, key: KeyOption = None, json: JsonOption = False) -> None:
    """Demand a settled job's output on chain, for everyone to read.

    Takes a deposit, which comes back but for the fee of the answer. Without an answer all payments
    come back as well.
    """
    client = open_client(key)
    found = find_job(client, job)
    client.demand(found)
    data = job_data(client, found, client.outcome(found))
    emit(data, json, lambda console: _render(console, data))


@job_app.command("refund")
def refund(
    job: Annotated[
        str | None, typer.Argument(help="The job's id; without it, only withdraw.")
    ] = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Trigger whatever exit is due for a job, and withdraw all refunds."""
    client = open_client(key)
    data: dict[str, object] = {}
    if job is not None:
        found = find_job(client, job)
        client.reclaim(found)
        data |= job_data(client, found, client.outcome(found))
    data["withdrawn"] = format_tokens(client.withdraw())

    def render(console: Console) -> None:
        if job is not None:
            _render(console, data)
        console.print(f"withdrawn: {data['withdrawn']} tokens")

    emit(data, json, render)


def _render(console: Console, data: dict[str, object]) -> None:
    colour = {"settled": "green", "refunded": "yellow", "contested": "red"}.get(
        str(data["phase"]), "cyan"
    )
    console.print(f"job {data['job']}")
    reason = f" ({data['reason']}: {data['why']})" if data["reason"] else ""
    console.print(f"  [{colour}]{data['phase']}[/{colour}]{reason}", soft_wrap=True)
    console.print(f"  {data['spent']} tokens spent, {data['refunded']} refunded")
    if data["audit"]:
        console.print(f"  audit of {data['audit']}", soft_wrap=True)
    for what in ("input", "output"):
        _render_demand(console, what, data[f"{what}_demand"])
    if data["answer_fee"] != "0":
        console.print(f"  {data['answer_fee']} tokens paid for the answer on chain")
    if data["refused"]:
        console.print("  [yellow]the providers refused the input: it breaks a rule[/yellow]")
    if data["phase"] == "settled":
        console.print(f"next: touchstone job result {str(data['job'])[:12]}")
    elif data["refunded"] != "0":
        console.print("next: touchstone job refund")


def _render_demand(console: Console, what: str, demand: object) -> None:
    if not isinstance(demand, dict):
        return
    words = {
        "pending": f"is demanded on chain until {demand['deadline']}, by {demand['by']}",
        "answered": "stands on chain, for everyone to read",
        "closed": "was demanded on chain, and the demand has ended",
    }
    console.print(f"  the {what} {words[demand['state']]}", soft_wrap=True)
