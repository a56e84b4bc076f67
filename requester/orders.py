"""From inputs to an order: units of work, roots and the limits that the market sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from touchstone.errors import RequestError
from touchstone.protocol.demands import MOST_ANSWER_BYTES
from touchstone.protocol.generation import encode_prompts
from touchstone.protocol.orders import DEFERRED, STRONG, Mode, Order, audit_bits
from touchstone.protocol.payload import encode_payload, payload_root, rows_of
from touchstone.protocol.prices import MAX_UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_typing import ChecksumAddress
    from numpy.typing import NDArray

    from touchstone.chain.registry import PublishedModel
    from touchstone.protocol.generation import Prompt

_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True, slots=True)
class Work:
    """What an order pays for.

    Attributes:
        payload: the input; None where it is fixed after the draw.
        units: how many units of work that is.
    """

    payload: bytes | None
    units: int


def split_model_name(text: str) -> tuple[str, str]:
    """Name and version of `name@version`. Raises RequestError if it is something else."""
    name, separator, version = text.rpartition("@")
    if not separator or not name or not version:
        raise RequestError(f"{text!r} is not a model: write it like name@version")
    return name, version


def check_sequences(
    model: PublishedModel, sequences: Sequence[NDArray[np.int32]]
) -> list[NDArray[np.int32]]:
    """The sequences as one-dimensional int32. Raises RequestError for one that does not fit."""
    checked = []
    for index, sequence in enumerate(sequences):
        values = np.asarray(sequence)
        if values.ndim != 1 or values.dtype.kind not in "iu":
            raise RequestError(f"input {index} is not a one-dimensional array of integers")
        if not 1 <= len(values) <= model.max_rows:
            raise RequestError(
                f"input {index} has {len(values)} tokens; {model.name} takes 1 to {model.max_rows}"
            )
        if values.min() < _INT32.min or values.max() > _INT32.max:
            raise RequestError(f"input {index} has a number that does not fit 32 bits")
        checked.append(values.astype(np.int32))
    if not checked:
        raise RequestError("there is no input")
    return checked


def check_prompts(
    model: PublishedModel, prompts: Sequence[Prompt], vocabulary: int | None
) -> list[NDArray[np.int32]]:
    """The sequences that ask for what follows these prompts.

    Args:
        model: the model, as published.
        prompts: what to go on from.
        vocabulary: tokens that the model knows; None where that is not at hand.

    Raises:
        RequestError: a prompt does not fit, or holds a token that the model does not know.
    """
    for index, prompt in enumerate(prompts):
        tokens = prompt.tokens
        if not len(tokens):
            raise RequestError(f"prompt {index} is empty")
        if prompt.positions > model.max_rows:
            room = model.max_rows + 1 - len(tokens)
            raise RequestError(
                f"prompt {index} has {len(tokens)} tokens and asks for {prompt.sampling.max_new} "
                f"more; {model.name} has room for {max(room, 0)}: shorten the prompt or ask for "
                "fewer"
            )
        low, high = int(tokens.min()), int(tokens.max())
        if low < 0 or (vocabulary is not None and high >= vocabulary):
            wrong = low if low < 0 else high
            known = "" if vocabulary is None else f" of 0 to {vocabulary - 1}"
            raise RequestError(f"prompt {index} holds token {wrong}, which is none{known}")
    if not prompts:
        raise RequestError("there is no prompt")
    return encode_prompts(prompts)


def work_on(
    model: PublishedModel, inputs: Sequence[NDArray[Any]], output_width: int | None
) -> Work:
    """The model's output on these inputs, of so many integers each; None where that is not known.

    Raises:
        RequestError: an input breaks a rule, or there are too many.
    """
    sequences = check_sequences(model, inputs)
    payload = encode_payload(sequences)
    require_answerable(payload, [output_width or 0] * len(sequences))
    return Work(payload, units_for(model, rows_of(sequences)))


def work_after(model: PublishedModel, prompts: Sequence[Prompt], vocabulary: int | None) -> Work:
    """What a language model of so many tokens writes after these prompts. Raises as `work_on`."""
    payload = encode_payload(check_prompts(model, prompts, vocabulary))
    require_answerable(payload, [prompt.sampling.max_new for prompt in prompts])
    return Work(payload, units_for(model, sum(prompt.positions for prompt in prompts)))


def units_for(model: PublishedModel, rows: int) -> int:
    """Units of work to pay for. Raises RequestError if one order cannot ask for so many."""
    units = model.units_for(rows)
    if units > MAX_UNITS:
        raise RequestError(
            f"{rows} tokens are {units} units of work, an order takes {MAX_UNITS}: "
            f"submit at most {MAX_UNITS * model.unit_rows} tokens at once"
        )
    return units


def require_answerable(payload: bytes, widths: Sequence[int]) -> None:
    """Requires that input and output are short enough to be published on chain, should somebody
    withhold them: a provider commits to no longer output, and who lacks a longer input can have the
    job refunded at the requester's cost.

    Args:
        payload: the input.
        widths: integers in each output; at least so many where that is not known.

    Raises:
        RequestError: one of the two is too long.
    """
    if len(payload) > MOST_ANSWER_BYTES:
        raise RequestError(
            f"the input has {len(payload)} bytes, a job takes {MOST_ANSWER_BYTES}: submit less at "
            "once"
        )
    size = 8 + 4 * len(widths) + 4 * sum(widths)
    if size > MOST_ANSWER_BYTES:
        most = len(widths) * (MOST_ANSWER_BYTES - 8) // (size - 8)
        raise RequestError(
            f"{len(widths)} inputs have more output than the {MOST_ANSWER_BYTES} bytes that a job "
            f"takes: submit at most {most} at once"
        )


def order_for(
    requester: ChecksumAddress,
    model: PublishedModel,
    work: Work,
    *,
    shard: int,
    tier: int,
    replicas: int,
    salt: bytes,
    nonce: int,
    open_by: int,
    strong: bool = False,
    audit_odds: int = 0,
) -> Order:
    """The order for this work: optimistic for one replica, else redundant; `strong` asks for strong
    claims, `audit_odds` for audits. Raises RequestError for audits of several replicas."""
    if audit_odds and replicas > 1:
        raise RequestError("several replicas check each other: audits are for orders of one")
    mode = Mode.REDUNDANT if replicas > 1 else Mode.OPTIMISTIC
    return Order(
        requester=requester,
        model=model.id,
        shard=shard,
        tier=tier,
        mode=mode | (STRONG if strong else 0) | audit_bits(audit_odds),
        replicas=replicas,
        units=work.units,
        input_root=DEFERRED if work.payload is None else payload_root(work.payload, salt),
        params=bytes(32),
        nonce=nonce,
        open_by=open_by,
    )
