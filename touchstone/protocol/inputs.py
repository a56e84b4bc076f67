"""What an order's input gives: the model's output, or one constant where the input breaks a rule.

Total and deterministic, and the same for every role: a requester that orders garbage pays for it,
and all providers commit to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from touchstone.errors import InputError, PayloadError, UnpaidInputError
from touchstone.protocol.demands import MOST_ANSWER_BYTES
from touchstone.protocol.payload import (
    MAX_SEQUENCES,
    decode_payload,
    encode_payload,
    payload_root,
    rows_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from touchstone.protocol.orders import Order

    Run = Callable[[list[NDArray[np.int32]]], Sequence[NDArray[np.int32]]]
    """A model: one int32 output for each sequence. Raises InputError for what does not fit it."""
    BodyOf = Callable[[list[NDArray[np.int32]]], bytes]
    """The node over the sequences of the model's transcript, 32 bytes: docs/transcript.md."""


class Bounds(Protocol):
    """What the registry says about a model's inputs."""

    @property
    def unit_rows(self) -> int:
        """Rows of input that one unit of work covers."""

    @property
    def max_rows(self) -> int:
        """The longest single input, in rows."""


BODY_BYTES = 32
"""What stands before the results in a strong output: the node over the transcript's sequences."""

REFUSED = b"TSR1"
"""The output of an input that breaks a rule. No payload begins like this, so that no model's output
can equal it."""


def input_size_limit(order: Order, unit_rows: int) -> int:
    """The most bytes that an input of the order needs, and that can be published on chain: a
    provider must be able to show its auditor what it was given."""
    return min(MOST_ANSWER_BYTES, 8 + 4 * MAX_SEQUENCES + 4 * order.units * unit_rows)


def require_input(order: Order, payload: bytes, salt: bytes) -> None:
    """Requires that these bytes are the order's input, whatever they are.

    Raises:
        UnpaidInputError: `wrong_input`.
    """
    if payload_root(payload, salt) != order.input_root:
        raise UnpaidInputError("wrong_input", "payload and salt do not have the order's input root")


def read_input(order: Order, model: Bounds, payload: bytes) -> list[NDArray[np.int32]]:
    """The sequences of an input that keeps every rule that can be checked without executing it.

    Raises:
        UnpaidInputError: `malformed`, or `oversized`: a sequence is longer than the model takes, or
            there are more rows than are paid for.
    """
    try:
        sequences = decode_payload(payload)
    except PayloadError as error:
        raise UnpaidInputError("malformed", str(error)) from None
    longest = max(len(s) for s in sequences)
    if min(len(s) for s in sequences) < 1:
        raise UnpaidInputError("malformed", "a sequence is empty")
    if longest > model.max_rows:
        raise UnpaidInputError(
            "oversized", f"a sequence has {longest} rows, the model takes {model.max_rows}"
        )
    rows, paid = rows_of(sequences), order.units * model.unit_rows
    if rows > paid:
        raise UnpaidInputError("oversized", f"the input has {rows} rows, {paid} are paid for")
    return sequences


def rows_to_do(order: Order, model: Bounds, payload: bytes) -> int:
    """Rows of work in an input; none where it breaks a rule."""
    try:
        return rows_of(read_input(order, model, payload))
    except UnpaidInputError:
        return 0


def results_in(order: Order, output: bytes) -> bytes:
    """The payload of results in an output; a strong one has its transcript's node before it."""
    return output[BODY_BYTES:] if order.strong and output != REFUSED else output


def output_of(
    order: Order, model: Bounds, payload: bytes, run: Run, body_of: BodyOf | None = None
) -> bytes:
    """The output payload that every honest provider commits to.

    `REFUSED` for an input that is malformed, longer than the model takes or than is paid for, or
    whose output is too long to be demanded on chain: nobody could be held to such an output.

    Args:
        order: the order.
        model: its model, as published.
        payload: bytes with the order's input root.
        run: executes the model.
        body_of: tells its transcript, with which a strong output begins; needed for those.
    """
    try:
        sequences = read_input(order, model, payload)
        outputs = run(sequences)
        output = encode_payload([np.ascontiguousarray(o).reshape(-1) for o in outputs])
        if order.strong:
            assert body_of is not None, "a strong order asks for the transcript"
            output = body_of(sequences) + output
    except (UnpaidInputError, InputError, PayloadError):
        return REFUSED
    return output if len(output) <= MOST_ANSWER_BYTES else REFUSED
