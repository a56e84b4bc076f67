"""A model cut into shards: one job for each, the output of one being the input of the next.

All are ordered at once, and drawn; each has a pool of its own, so each stage is drawn, claimed,
paid, contested and convicted on its own. The first one's input is fixed when it is known, that of
each other one when the stage before it has settled: the output root of that. The providers fetch
the rows from those who were paid for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from requester.folders import read_manifest
from requester.orders import require_answerable, units_for
from touchstone.errors import RequestError, ResultUnavailableError
from touchstone.programs.program import ORDER_WIDTH
from touchstone.protocol.generation import decode_prompts
from touchstone.protocol.payload import decode_payload, encode_payload, payload_root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Unpack

    from numpy.typing import NDArray

    from requester.client import Client
    from requester.delivery import Source
    from requester.follow import Outcome
    from requester.opening import Ordering
    from requester.store import StoredJob


@dataclass(frozen=True, slots=True)
class Stage:
    """One shard's job, settled: who was paid for it, and the payload that came out."""

    shard: int
    job: StoredJob
    outcome: Outcome
    output: bytes

    @property
    def input_root(self) -> bytes:
        """Blinded root of what it read: of a later stage, the output root of the one before it."""
        return payload_root(self.job.payload, self.job.salt)

    @property
    def source(self) -> Source:
        """Where the next stage finds its input."""
        return self.outcome.job, tuple(self.outcome.providers.values())


class Following(TypedDict, total=False):
    """How to wait for stages.

    Attributes:
        timeout: seconds for each stage; 600 unless given.
        on_stage: told of each stage that has settled.
    """

    timeout: float
    on_stage: Callable[[Stage], None]


def order_stages(
    client: Client,
    model: str,
    shards: Sequence[int],
    lengths: Sequence[int],
    model_folder: Path,
    how: Ordering,
) -> list[StoredJob]:
    """Orders a job for each shard of a language model, on texts of so many positions that will be
    known later. With one transaction.

    Args:
        client: pays.
        model: `name@version`.
        shards: their numbers, first to last.
        lengths: of the texts.
        model_folder: the compiled model.
        how: see `Ordering`.

    Raises:
        RequestError: strong claims are asked for, a text is too long, or the rows between stages
            are too many to be published on chain, should somebody withhold them.
        Others as `Client.submit` does.
    """
    if how.get("strong"):
        raise RequestError(
            "strong claims have their transcript before the rows that the next shard reads: leave "
            "them out"
        )
    published = client.published(model)
    manifest = read_manifest(model_folder, published)
    assert manifest is not None
    if not lengths or max(lengths) > published.max_rows or min(lengths) < 1:
        raise RequestError(f"{published.name} takes texts of 1 to {published.max_rows} tokens")
    rows = encode_payload([np.zeros(length * ORDER_WIDTH, np.int32) for length in lengths])
    require_answerable(rows, [length * (manifest.hidden_size + ORDER_WIDTH) for length in lengths])
    return client.order_deferred(model, shards, units_for(published, sum(lengths)), **how)


def settle_stages(
    client: Client,
    jobs: Sequence[StoredJob],
    rows: Sequence[NDArray[np.int32]],
    **following: Unpack[Following],
) -> list[Stage]:
    """Has rows of prompts, int32 [positions, ORDER_WIDTH] each (`Prompt.rows`), run through the
    stages that `order_stages` ordered.

    Raises:
        ResultUnavailableError: a stage has no result; those before it have been paid, those behind
            it are refunded but for reservation fees.
        Others as `Client.fix_input` and `Client.wait` do.
    """
    payload = encode_payload([one.reshape(-1) for one in rows])
    stages: list[Stage] = []
    for job in jobs:
        client.wait_drawn(job, following.get("timeout", 600))
        fixed, shard = client.fix_input(job, payload), job.order.shard
        outcome = client.wait(
            fixed,
            following.get("timeout", 600),
            source=stages[-1].source if stages else None,
        )
        if not outcome.settled:
            raise ResultUnavailableError(
                f"shard {shard} has no result: job 0x{job.id.hex()} is "
                f"{outcome.phase.name.lower()} ({outcome.reason})"
            )
        stages.append(Stage(shard, fixed, outcome, client.output(fixed)))
        payload = stages[-1].output
        if "on_stage" in following:
            following["on_stage"](stages[-1])
    return stages


def prove(
    client: Client,
    job: StoredJob,
    shards: Sequence[int],
    *,
    model_folder: Path,
    how: Ordering,
    **following: Unpack[Following],
) -> bool:
    """Has what a language model wrote checked by providers of its shards, none of which needs the
    whole model: whether they find that it goes on just like that.

    All of the text runs through the shards at once, since what is written at a position depends on
    nothing behind it. Args and what is raised are as for `order_stages`, `settle_stages` and
    `Client.result`.
    """
    prompts = decode_prompts(decode_payload(job.payload))
    written = client.result(job)
    lengths = [prompt.positions for prompt in prompts]
    jobs = order_stages(client, job.model, shards, lengths, model_folder, how)
    rows = [prompt.rows(own[:-1]) for prompt, own in zip(prompts, written, strict=True)]
    stages = settle_stages(client, jobs, rows, **following)
    found = decode_payload(stages[-1].output)
    return all(
        np.array_equal(tokens[len(prompt.tokens) - 1 :], own)
        for prompt, tokens, own in zip(prompts, found, written, strict=True)
    )
