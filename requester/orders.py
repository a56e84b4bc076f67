"""From inputs to an order: units of work, roots and the limits that the market sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from touchstone.errors import RequestError
from touchstone.protocol.demands import MOST_ANSWER_BYTES
from touchstone.protocol.orders import STRONG, Mode, Order, audit_bits
from touchstone.protocol.payload import encode_payload, payload_root, rows_of
from touchstone.protocol.prices import MAX_UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_typing import ChecksumAddress
    from numpy.typing import NDArray

    from touchstone.chain.registry import PublishedModel

_INT32 = np.iinfo(np.int32)


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


def units_for(model: PublishedModel, sequences: Sequence[NDArray[np.int32]]) -> int:
    """Units of work to pay for. Raises RequestError if one order cannot ask for so many."""
    units = model.units_for(rows_of(sequences))
    if units > MAX_UNITS:
        raise RequestError(
            f"{rows_of(sequences)} tokens are {units} units of work, an order takes {MAX_UNITS}: "
            f"submit at most {MAX_UNITS * model.unit_rows} tokens at once"
        )
    return units


def require_answerable(payload: bytes, sequences: int, output_width: int | None) -> None:
    """Requires that input and output are short enough to be published on chain, should somebody
    withhold them: a provider commits to no longer output, and who lacks a longer input can have the
    job refunded at the requester's cost.

    Args:
        payload: the input.
        sequences: how many inputs are in it.
        output_width: integers in each output at least; None where it is not known.

    Raises:
        RequestError: one of the two is too long.
    """
    if len(payload) > MOST_ANSWER_BYTES:
        raise RequestError(
            f"the input has {len(payload)} bytes, a job takes {MOST_ANSWER_BYTES}: submit less at "
            "once"
        )
    width = output_width or 0
    most = (MOST_ANSWER_BYTES - 8) // (4 + 4 * width)
    if sequences > most:
        raise RequestError(
            f"{sequences} inputs have more output than the {MOST_ANSWER_BYTES} bytes that a job "
            f"takes: submit at most {most} at once"
        )


def make_order(
    requester: ChecksumAddress,
    model: PublishedModel,
    sequences: Sequence[NDArray[np.int32]],
    *,
    shard: int,
    tier: int,
    replicas: int,
    salt: bytes,
    nonce: int,
    open_by: int,
    strong: bool = False,
    audit_odds: int = 0,
) -> tuple[Order, bytes]:
    """The order for these inputs, and their payload: optimistic for one replica, else redundant;
    `strong` asks for strong claims, `audit_odds` for audits."""
    if audit_odds and replicas > 1:
        raise RequestError("several replicas check each other: audits are for orders of one")
    mode = Mode.REDUNDANT if replicas > 1 else Mode.OPTIMISTIC
    payload = encode_payload(sequences)
    order = Order(
        requester=requester,
        model=model.id,
        shard=shard,
        tier=tier,
        mode=mode | (STRONG if strong else 0) | audit_bits(audit_odds),
        replicas=replicas,
        units=units_for(model, sequences),
        input_root=payload_root(payload, salt),
        params=bytes(32),
        nonce=nonce,
        open_by=open_by,
    )
    return order, payload
