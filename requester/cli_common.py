"""What the requester's commands share."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from requester.client import Client
from touchstone.amounts import format_tokens
from touchstone.chain.deployment import Deployment
from touchstone.chain.keystore import load_key
from touchstone.chain.rpc import connect
from touchstone.errors import UnknownJobError, UsageError
from touchstone.protocol.audits import AuditState
from touchstone.protocol.demands import DemandState
from touchstone.protocol.ids import JobId
from touchstone.protocol.inputs import REFUSED
from touchstone.protocol.jobs import Phase
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from requester.follow import Audited, Outcome, Progress
    from requester.store import StoredJob
    from touchstone.protocol.demands import Demand

KeyOption = Annotated[
    Path | None, typer.Option("--key", help="Key file; by default keys/requester.json in the home.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
NeverPublishOption = Annotated[
    bool,
    typer.Option(
        "--never-publish",
        help="Publish nothing on chain, whatever it costs: neither an input that a provider "
        "demands there, nor an output that no provider hands out.",
    ),
]
ReplicasOption = Annotated[
    int, typer.Option(help="Providers that must agree; one is challengeable.", min=1, max=5)
]
MaxPriceOption = Annotated[
    str | None, typer.Option(help="Tokens for a unit of work to one provider, at most.")
]
StrongOption = Annotated[
    bool, typer.Option(help="Ask for claims with transcripts: lies are convicted at once.")
]
VerifierOption = Annotated[
    list[str] | None, typer.Option(help="Verifier that may audit the job; may be repeated.")
]
TimeoutOption = Annotated[float, typer.Option(help="Seconds to stay at most.", min=1)]
ModelOption = Annotated[str, typer.Option(help="Which model: name@version.")]
TokenizerOption = Annotated[Path, typer.Option(help="The compiled model, for its tokenizer.")]
ShardsOption = Annotated[
    str, typer.Option(help="Numbers of the model's shards, first to last: 1,2.")
]
JobArgument = Annotated[str, typer.Argument(help="The job's id, or the beginning of it.")]


def parse_shards(text: str) -> list[int]:
    """The numbers in `1,2`. Raises UsageError for anything else."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"{text!r} are no shards: write their numbers like 1,2") from None


def open_client(
    key: Path | None, verifiers: Sequence[str] = (), *, never_publish: bool = False
) -> Client:
    """The client of the key's owner, on the chain of the settings."""
    settings = load_settings()
    deployment = Deployment.load(settings.deployment_path)
    w3 = connect(settings.rpc_url, deployment.chain_id)
    account = load_key(key or settings.keys / "requester.json")
    return Client(
        w3,
        deployment,
        account,
        settings.home / "requester",
        verifiers=verifiers,
        never_publish=never_publish,
    )


def find_job(client: Client, text: str) -> StoredJob:
    """The stored job whose id begins with `text`. Raises UnknownJobError unless it is just one."""
    wanted = text.lower().removeprefix("0x")
    found = [job for job in client.jobs() if wanted and job.id.hex().startswith(wanted)]
    if len(found) != 1:
        what = f"{len(found)} jobs begin" if found else "no job of this requester begins"
        raise UnknownJobError(f"{what} with {text!r}: `touchstone job show` lists them")
    return found[0]


def job_id(text: str) -> JobId:
    """A whole job id. Raises UnknownJobError for anything else."""
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) != 32:
        raise UnknownJobError(f"{text!r} is not a job's id: 32 bytes in hex")
    return JobId(data)


_WORDS = {
    "NeverDrawn": "nobody drew it in time",
    "NoReplacement": "too few providers were left",
    "TooLate": "it could no longer end in time",
    "TooFewReveals": "fewer than two results were revealed",
    "Contested": "the results differ",
    "InputWithheld": "the input was demanded on chain and not published, or not fixed in time: "
    "each provider that waited was paid a reservation fee",
    "OutputWithheld": "no provider published the output that was demanded on chain: all payments "
    "came back",
}
"""Why jobs are refunded."""


_ENDS = {
    "NotDrawn": "not drawn",
    "NobodyFree": "drawn, but no provider had a bond free",
    "TooLate": "nobody could have looked in time",
    "InputWithheld": "the auditor was refused the input: it was paid a reservation fee",
    "Answered": "the job ended, or was refuted, before the auditor had looked",
}
"""Why audits end without a report."""

_LOST = {
    "NoShow": "was silent and lost a part of its bond",
    "Guilty": "vouched, was found guilty and lost its bond",
    "NotComputed": "vouched for what it had not computed and lost its bond",
}
"""How auditors fail."""


def audit_words(audit: Audited | None) -> str | None:
    """How the second look at a job went, in a line; None where there is none."""
    if audit is None:
        return None
    words = []
    if audit.auditor is not None:
        doing = "has to look" if audit.state is AuditState.DRAWN else "was drawn"
        if audit.state is AuditState.VOUCHED:
            doing = "vouched"
        if audit.failed is not None:
            doing = _LOST.get(audit.failed, f"lost its bond ({audit.failed})")
        words.append(f"auditor {audit.auditor} {doing}")
    elif audit.state is AuditState.DUE:
        words.append("waits")
    if audit.ended is not None:
        words.append(_ENDS.get(audit.ended, audit.ended))
    return f"one in {audit.odds}: {'; '.join(words)}"


def demand_data(demand: Demand) -> dict[str, object] | None:
    """A demand as JSON, or None where nothing was demanded."""
    if demand.state is DemandState.NONE:
        return None
    return {
        "state": demand.state.name.lower(),
        "by": demand.demander,
        "deadline": demand.deadline,
        "seats": sorted(demand.seats),
    }


def job_data(client: Client, job: StoredJob, outcome: Outcome) -> dict[str, object]:
    """An outcome as JSON, with what was demanded on chain and whether the input was refused."""
    state = client.state(job)
    return outcome_data(job, outcome) | {
        "input_demand": demand_data(state.input_demand),
        "output_demand": demand_data(state.output_demand),
        "refused": client.store.output(job.id) == REFUSED,
    }


def outcome_data(job: StoredJob, outcome: Outcome) -> dict[str, object]:
    """An outcome as JSON; amounts in tokens."""
    return {
        "job": "0x" + job.id.hex(),
        "model": job.model,
        "phase": outcome.phase.name.lower(),
        "payment": format_tokens(job.order.payment),
        "spent": format_tokens(outcome.spent),
        "refunded": format_tokens(outcome.refunded),
        "answer_fee": format_tokens(outcome.answer_fee),
        "reason": outcome.reason,
        "why": _WORDS.get(outcome.reason or ""),
        "output_root": "0x" + outcome.output_root.hex() if outcome.output_root else None,
        "providers": {str(seat): provider for seat, provider in outcome.providers.items()},
        "transaction": outcome.transaction,
        "audit": audit_words(outcome.audit),
    }


@contextmanager
def live(json: bool) -> Iterator[Callable[[Progress], None]]:
    """A line on standard error that shows where a job stands; nothing with --json."""
    console = Console(stderr=True, highlight=False)
    if json or not console.is_terminal:
        yield lambda _: None
        return
    with console.status("looking at the chain ...") as line:
        yield lambda progress: line.update(describe(progress))


def describe(progress: Progress) -> str:
    """Progress in a line."""
    words = [progress.phase.name.lower()]
    if progress.phase is Phase.WAITING:
        words.append("its input is not fixed yet")
    elif progress.seats:
        have = sum(provider in progress.delivered for provider in progress.seats.values())
        words.append(f"input at {have} of {len(progress.seats)} providers")
    if progress.round:
        words.append(f"round {progress.round + 1}")
    if progress.demand.pending:
        lacking = len(progress.demand.seats)
        words.append(f"{lacking} of them demand the input on chain")
    elif progress.demand.state is DemandState.ANSWERED:
        words.append("the input is published on chain")
    if progress.note:
        words.append(f"trying again: {progress.note}")
    return ", ".join(words)
