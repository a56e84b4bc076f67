"""`touchstone dispute`: contests as the chain has them. Anyone can look; no key is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchstone.cli.output import emit
from touchstone.errors import UnknownDisputeError, UsageError
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.ids import JobId
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from touchstone.chain.disputes import Disputes

app = typer.Typer(no_args_is_help=True, help="Disputes: who plays, and how they stand.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
BlocksOption = Annotated[int, typer.Option(help="How many blocks to look back.", min=1)]
LOOK_BACK_BLOCKS = 50_000


@app.command("show")
def show(
    job: Annotated[str, typer.Argument(help="The job's id.")],
    blocks: BlocksOption = LOOK_BACK_BLOCKS,
    json: JsonOption = False,
) -> None:
    """Show the dispute of a job: parties, games, clocks, and what everybody's moves cost."""
    from touchstone.players.standing import standing

    disputes, first, _ = _open(blocks)
    found = standing(disputes, _job_id(job), first)
    if found is None:
        raise UnknownDisputeError(f"nobody has disputed job {job}: see `touchstone dispute list`")
    emit(found, json, lambda console: _render(console, found))


@app.command("list")
def list_disputes(blocks: BlocksOption = LOOK_BACK_BLOCKS, json: JsonOption = False) -> None:
    """List the disputes that were opened in the newest blocks."""
    from touchstone.players.standing import contests

    disputes, first, last = _open(blocks)
    found = list(contests(disputes, first, last))
    emit(found, json, lambda console: _render_list(console, found))


def _open(blocks: int) -> tuple[Disputes, int, int]:
    # Only here, so that other commands do not wait for it.
    from touchstone.chain.deployment import Deployment
    from touchstone.chain.disputes import Disputes
    from touchstone.chain.rpc import connect

    settings = load_settings()
    deployment = Deployment.load(settings.deployment_path)
    w3 = connect(settings.rpc_url, deployment.chain_id)
    disputes, last = Disputes(w3, deployment), w3.eth.block_number
    return disputes, max(disputes.first_block, last - blocks + 1), last


def _job_id(text: str) -> JobId:
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) != 32:
        raise UsageError(f"{text!r} is no job id: give its 32 bytes as hex")
    return JobId(data)


def _render(console: Console, found: dict[str, Any]) -> None:
    state = "ended" if found["ended"] else f"ends in {found['ends_in']} s at the latest"
    console.print(f"dispute of {found['of']} {found['job']}: {state}", soft_wrap=True)
    if found["open_for"] and not found["ended"]:
        console.print(f"others may join: decided in {found['open_for']} s at the soonest")
    for party in found["parties"]:
        _render_party(console, party, found["guilty"])
    for game in found["games"]:
        names = ("sequence", "position", "value", "index")
        place = ", ".join(f"{name} {game[name]}" for name in names if game[name] is not None)
        console.print(f"game  {game['a']} against {game['b']}: {game['stage']} ({place})")
        for side in game["sides"]:
            if side["clock"] is not None:
                turn = ", to move" if side["to_move"] else ""
                console.print(f"      party {side['party']}: {side['clock']} s left{turn}")
    for seat, winner in found["winners"].items():
        who = "the auditor" if int(seat) == AUDITOR_SEAT else f"seat {seat}"
        console.print(f"{who} lost to {winner}", soft_wrap=True)


def _render_party(console: Console, party: dict[str, Any], guilty: list[int]) -> None:
    if party["party"] in guilty:
        stands = "[red]guilty[/red]" + (", proven" if party["proven"] else "")
    elif party["out"]:
        stands = "[red]lost[/red]" if party["proven"] else "plays no more"
    else:
        stands = "has stated" if party["stated"] else "has not stated yet"
    who = f"{party['role']} {party['party']} {party['account']}"
    console.print(f"{who} claims {party['output'][:18]}: {stands}", soft_wrap=True)
    last = party["last_move"]
    if last is not None:
        events = " ".join(last["events"])
        console.print(
            f"      last moved in block {last['block']} ({events}) with {last['gas']} gas, "
            f"{last['gas_of_all']} in all",
            soft_wrap=True,
        )


def _render_list(console: Console, found: list[dict[str, Any]]) -> None:
    for contest in found:
        state = "ended" if contest["ended"] else f"{contest['games']} games go on"
        guilty = f", guilty: {contest['guilty']}" if contest["guilty"] else ""
        console.print(
            f"{contest['job']} {contest['of']} in block {contest['block']}: {state}{guilty}",
            soft_wrap=True,
            markup=False,
        )
    if not found:
        console.print("no disputes in these blocks")
