"""`touchstone job prove`: have a text that was written checked by a model's shards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from requester.stages import Stage
from requester.stages import prove as prove_job
from touchstone.amounts import format_tokens
from touchstone.cli.output import emit

if TYPE_CHECKING:
    from rich.console import RenderableType


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
    console = Console(stderr=True, highlight=False)

    def settled(stage: Stage) -> None:
        stages.append(stage)
        if not json:
            console.print(_line(stage), soft_wrap=True)

    right = prove_job(
        client,
        found,
        numbers,
        model_folder=folder,
        timeout=timeout,
        on_stage=settled,
        replicas=replicas,
    )
    data = {
        "proves": "0x" + found.id.hex(),
        "right": right,
        "stages": [
            {
                "shard": stage.shard,
                "job": "0x" + stage.job.id.hex(),
                "input_root": "0x" + stage.job.order.input_root.hex(),
                "output_root": "0x" + (stage.outcome.output_root or b"").hex(),
                "spent": format_tokens(stage.outcome.spent),
            }
            for stage in stages
        ],
    }
    words = "[green]the shards find the same[/green]" if right else "[red]the shards differ[/red]"
    emit(data, json, lambda console: console.print(words))
    if not right:
        raise typer.Exit(1)


def _line(stage: Stage) -> RenderableType:
    spent, job = format_tokens(stage.outcome.spent), stage.job.id.hex()[:12]
    return f"shard {stage.shard}: {len(stage.outcome.providers)} agree, {spent} tokens, job 0x{job}"
