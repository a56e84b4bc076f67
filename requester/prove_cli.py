"""`touchstone job prove`: have a text that was written checked by a model's shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from requester.cli_common import (
    JobArgument,
    JsonOption,
    KeyOption,
    ShardsOption,
    find_job,
    open_client,
    parse_shards,
)
from requester.opening import Ordering
from requester.stages import Stage
from requester.stages import prove as prove_job
from touchstone.amounts import format_tokens
from touchstone.cli.output import emit


def prove(
    job: JobArgument,
    folder: Annotated[Path, typer.Option(help="The compiled model.")],
    shards: ShardsOption,
    replicas: Annotated[
        int, typer.Option(help="Providers that must agree on each shard.", min=1, max=5)
    ] = 3,
    timeout: Annotated[float, typer.Option(help="Seconds for each shard at most.", min=1)] = 600,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Have what a language model wrote checked by providers of its shards, one after the other.

    None of them needs the whole model. Each shard is a job of its own, paid when it has settled.
    """
    numbers = parse_shards(shards)
    client = open_client(key)
    found, stages = find_job(client, job), list[Stage]()

    def settled(stage: Stage) -> None:
        stages.append(stage)
        show_stage(stage, quiet=json)

    right = prove_job(
        client,
        found,
        numbers,
        model_folder=folder,
        how=Ordering(replicas=replicas),
        timeout=timeout,
        on_stage=settled,
    )
    data = {
        "proves": "0x" + found.id.hex(),
        "right": right,
        "stages": [stage_data(stage) for stage in stages],
    }
    words = "[green]the shards find the same[/green]" if right else "[red]the shards differ[/red]"
    emit(data, json, lambda console: console.print(words))
    if not right:
        raise typer.Exit(1)


def stage_data(stage: Stage) -> dict[str, object]:
    """A settled stage as JSON; amounts in tokens."""
    return {
        "shard": stage.shard,
        "job": "0x" + stage.job.id.hex(),
        "input_root": "0x" + stage.input_root.hex(),
        "output_root": "0x" + (stage.outcome.output_root or b"").hex(),
        "spent": format_tokens(stage.outcome.spent),
    }


def show_stage(stage: Stage, *, quiet: bool) -> None:
    """A line on standard error about a stage that has settled."""
    if quiet:
        return
    spent, job = format_tokens(stage.outcome.spent), stage.job.id.hex()[:12]
    Console(stderr=True, highlight=False).print(
        f"shard {stage.shard}: {len(stage.outcome.providers)} agree, {spent} tokens, job 0x{job}",
        soft_wrap=True,
    )
