"""Has a model that is cut into shards write: no provider needs to hold all of it.

The providers drawn for the shards write a draft together (`requester.drafting`). Then its rows are
fixed as the first stage's input, and the stages prove what follows each of them
(`requester.stages`): the text counts as far as it is what they find.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from requester.drafting import Drafter, PeerChain
from requester.folders import read_manifest, vocabulary_of
from requester.orders import check_prompts
from requester.stages import Stage, order_stages, settle_stages
from touchstone.protocol.payload import decode_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Unpack

    from requester.client import Client
    from requester.opening import Ordering
    from requester.stages import Following
    from requester.store import StoredJob
    from touchstone.protocol.generation import Prompt
    from touchstone.protocol.jobs import JobState

_DRAFTED_AFTER = 1 / 3
"""Share of the time in which an input can be fixed that a draft may take: the rest is for the
stages, of which each waits for the one before it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text, and what stands for it.

    Attributes:
        tokens: as the stages prove them; NO_TOKEN is the last where the model stopped.
        drafted: as the drafting providers wrote them: the same, if they were honest.
        stages: the shards' jobs, first to last.
    """

    tokens: list[int]
    drafted: list[int]
    stages: list[Stage]


def write(
    client: Client,
    prompt: Prompt,
    model: str,
    shards: Sequence[int],
    *,
    model_folder: Path,
    how: Ordering,
    on_token: Callable[[int, int], None] = lambda *_: None,
    **following: Unpack[Following],
) -> Written:
    """Writes after a prompt with a model's shards, first to last, each in the pool of that shard.

    Args:
        client: pays.
        prompt: what to go on from, and how.
        model: `name@version`.
        shards: their numbers.
        model_folder: the compiled model.
        how: see `Ordering`.
        on_token: told of each drafted token, with its number; again where it turns out to be
            another.
        following: see `Following`.

    Raises:
        DraftError: the drawn providers write no text together.
        Others as `order_stages` and `settle_stages` do.
    """
    published = client.published(model)
    check_prompts(published, [prompt], vocabulary_of(read_manifest(model_folder, published)))
    jobs = order_stages(client, model, shards, [prompt.positions], model_folder, how)
    states = [client.wait_drawn(job, following.get("timeout", 600)) for job in jobs]
    drafter = Drafter(_chains(client, jobs, states), prompt, on_token)
    drafted = drafter.write(time.monotonic() + _seconds_to_draft(client, states))
    stages = settle_stages(client, jobs, [prompt.rows(drafted[:-1])], **following)
    (found,) = decode_payload(stages[-1].output)
    proven: list[int] = found[len(prompt.tokens) - 1 :].tolist()
    same = 0
    while same < len(proven) - 1 and proven[same] == drafted[same]:
        same += 1
    return Written(proven[: same + 1], drafted, stages)


def _chains(
    client: Client, jobs: Sequence[StoredJob], states: Sequence[JobState]
) -> list[PeerChain]:
    """The replicas of stages that are drawn: a chain of providers for each."""
    replicas = [[state.providers[seat] for seat in state.active] for state in states]
    return [
        PeerChain(jobs, providers, client.vault, client.market.domain, client.account)
        for providers in zip(*replicas, strict=True)
    ]


def _seconds_to_draft(client: Client, states: Sequence[JobState]) -> float:
    """Of the window that began with the first draw, what is left for a draft."""
    window = client.market.parameters.input_window
    began = min(state.since for state in states)
    return began + _DRAFTED_AFTER * window - client.market.clock().time
