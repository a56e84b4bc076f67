"""A model cut into shards: one job for each, the output of one being the input of the next.

Each shard has a pool of its own, so each stage is drawn, claimed, paid, contested and convicted on
its own. A stage is ordered when the one before it has settled, with its output root as input root;
the providers fetch the rows from those who were paid for them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from requester.folders import read_manifest
from requester.opening import Ordering
from requester.orders import Work, require_answerable, units_for
from touchstone.errors import RequestError, ResultUnavailableError
from touchstone.programs.program import ORDER_WIDTH
from touchstone.protocol.generation import decode_prompts
from touchstone.protocol.payload import decode_payload, encode_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from requester.client import Client
    from requester.delivery import Source
    from requester.follow import Outcome
    from requester.store import StoredJob
    from touchstone.chain.registry import PublishedModel


@dataclass(frozen=True, slots=True)
class Stage:
    """One shard's job, settled: who was paid for it, and the payload that came out."""

    shard: int
    job: StoredJob
    outcome: Outcome
    output: bytes

    @property
    def source(self) -> Source:
        """Where the next stage finds its input."""
        return self.outcome.job, tuple(self.outcome.providers.values())


def first_work(model: PublishedModel, rows: Sequence[NDArray[np.int32]], hidden_size: int) -> Work:
    """What the first stage is given: rows of prompts, int32 [positions, ORDER_WIDTH] each.

    Raises:
        RequestError: there are too many for the rows between stages to be published on chain,
            should somebody withhold them.
    """
    lengths = [len(one) for one in rows]
    if max(lengths, default=0) > model.max_rows or min(lengths, default=0) < 1:
        raise RequestError(f"{model.name} takes texts of 1 to {model.max_rows} tokens")
    payload = encode_payload([one.reshape(-1) for one in rows])
    require_answerable(payload, [length * (hidden_size + ORDER_WIDTH) for length in lengths])
    return Work(payload, units_for(model, sum(lengths)))


def run_through(
    client: Client,
    rows: Sequence[NDArray[np.int32]],
    model: str,
    shards: Sequence[int],
    *,
    model_folder: Path,
    timeout: float = 600,
    on_stage: Callable[[Stage], None] = lambda _: None,
    replicas: int = 3,
    price: int | None = None,
) -> list[Stage]:
    """Runs rows through the shards of a language model, each in the pool of that shard.

    Args:
        client: pays.
        rows: of prompts, int32 [positions, ORDER_WIDTH] each (`Prompt.rows`).
        model: `name@version`.
        shards: their numbers, first to last.
        model_folder: the compiled model.
        timeout: seconds for each stage.
        on_stage: told of each stage that has settled.
        replicas: how many providers must agree on each stage.
        price: what to pay for a unit, a rung of the ladder; the cheapest if None.

    Raises:
        ResultUnavailableError: a stage has no result; those before it have been paid.
        Others as `Client.submit` and `Client.wait` do.
    """
    published = client.published(model)
    manifest = read_manifest(model_folder, published)
    assert manifest is not None
    work, salt = first_work(published, rows, manifest.hidden_size), secrets.token_bytes(32)
    stages: list[Stage] = []
    for shard in shards:
        how = Ordering(replicas=replicas, price=price, shard=shard, salt=salt)
        (job,) = client.order([work], published, None, how)
        outcome = client.wait(job, timeout, source=stages[-1].source if stages else None)
        if not outcome.settled:
            raise ResultUnavailableError(
                f"shard {shard} has no result: job 0x{job.id.hex()} is "
                f"{outcome.phase.name.lower()} ({outcome.reason})"
            )
        stage = Stage(shard, job, outcome, client.output(job))
        on_stage(stage)
        stages.append(stage)
        work = Work(stage.output, work.units)
    return stages


def prove(
    client: Client,
    job: StoredJob,
    shards: Sequence[int],
    *,
    model_folder: Path,
    timeout: float = 600,
    on_stage: Callable[[Stage], None] = lambda _: None,
    replicas: int = 3,
    price: int | None = None,
) -> bool:
    """Has what a language model wrote checked by providers of its shards, none of which needs the
    whole model: whether they find that it goes on just like that.

    All of the text runs through the shards at once, since what is written at a position depends on
    nothing behind it. Args and what is raised are as for `run_through` and `Client.result`.
    """
    prompts = decode_prompts(decode_payload(job.payload))
    written = client.result(job)
    stages = run_through(
        client,
        [prompt.rows(own[:-1]) for prompt, own in zip(prompts, written, strict=True)],
        job.model,
        shards,
        model_folder=model_folder,
        timeout=timeout,
        on_stage=on_stage,
        replicas=replicas,
        price=price,
    )
    found = decode_payload(stages[-1].output)
    return all(
        np.array_equal(tokens[len(prompt.tokens) - 1 :], own)
        for prompt, tokens, own in zip(prompts, found, written, strict=True)
    )
