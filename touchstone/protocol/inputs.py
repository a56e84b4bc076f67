"""What an order's input gives: the model's output, or one constant where the input breaks a rule.

Total and deterministic, and the same for every role: a requester that orders garbage pays for it,
and all providers commit to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from touchstone.errors import InputError, PayloadError, UnpaidInputError
from touchstone.programs.program import InputKind, InputSpec
from touchstone.programs.validate import LENGTH_LIMIT
from touchstone.protocol.demands import MOST_ANSWER_BYTES
from touchstone.protocol.generation import decode_prompts
from touchstone.protocol.payload import (
    MAX_SEQUENCES,
    decode_payload,
    encode_payload,
    payload_root,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from touchstone.protocol.orders import Order

    Int32 = NDArray[np.int32]
    Run = Callable[[list[Int32]], Sequence[Int32]]
    """A model on the sequences of a payload: the int32 outputs. Raises InputError for what does not
    fit it."""
    BodyOf = Callable[[list[Int32]], bytes]
    """The node over the sequences of the model's transcript, 32 bytes, from what the model reads in
    each (`read_by`): docs/transcript.md."""


class Bounds(Protocol):
    """What the registry says about a model's inputs."""

    @property
    def unit_rows(self) -> int:
        """Rows of input that one unit of work covers."""

    @property
    def max_rows(self) -> int:
        """The longest single input, in rows."""


TOKENS = InputSpec(InputKind.TOKENS, 1, LENGTH_LIMIT)
"""The input of a model that reads texts, as long as texts can be."""

BODY_BYTES = 32
"""What stands before the results in a strong output: the node over the transcript's sequences."""

REFUSED = b"TSR1"
"""The output of an input that breaks a rule. No payload begins like this, so that no model's output
can equal it."""


def input_size_limit(order: Order, unit_rows: int, spec: InputSpec = TOKENS) -> int:
    """The most bytes that an input of the order needs, and that can be published on chain: a
    provider must be able to show its auditor what it was given.

    A row needs no more words than it has elements: each prompt has a row, and five settings.
    """
    words = order.units * unit_rows * spec.width
    return min(MOST_ANSWER_BYTES, 8 + 4 * MAX_SEQUENCES + 4 * words)


def require_input(input_root: bytes, payload: bytes, salt: bytes) -> None:
    """Requires that these bytes are a job's input (`JobState.input_root`), whatever they are.

    Raises:
        UnpaidInputError: `wrong_input`.
    """
    if payload_root(payload, salt) != input_root:
        raise UnpaidInputError("wrong_input", "payload and salt do not have the job's input root")


def read_input(
    order: Order, model: Bounds, payload: bytes, spec: InputSpec = TOKENS
) -> list[Int32]:
    """The sequences of an input that keeps every rule that can be checked without executing it.

    Twin of `contracts/dispute/Payloads.sol`.

    Args:
        order: the order.
        model: its model, as published.
        payload: bytes with the order's input root.
        spec: what the model's program reads.

    Raises:
        UnpaidInputError: `malformed`, or `oversized`: a sequence is longer than the model takes, or
            there are more rows than are paid for.
    """
    try:
        sequences = decode_payload(payload)
        lengths = positions_in(spec, sequences)
    except PayloadError as error:
        raise UnpaidInputError("malformed", str(error)) from None
    longest, most = max(lengths), min(model.max_rows, spec.max_length)
    if longest > most:
        raise UnpaidInputError(
            "oversized", f"a sequence has {longest} rows, the model takes {most}"
        )
    rows, paid = sum(lengths), order.units * model.unit_rows
    if rows > paid:
        raise UnpaidInputError("oversized", f"the input has {rows} rows, {paid} are paid for")
    return sequences


def positions_in(spec: InputSpec, sequences: Sequence[Int32]) -> list[int]:
    """Positions of each sequence of the transcript, from the sequences of a payload.

    A prompt has those of its own tokens and of all that are written but the last.

    Raises:
        PayloadError: a sequence is empty or holds no whole rows, or settings are not those of as
            many prompts.
    """
    if spec.kind is InputKind.PROMPT:
        return [prompt.positions for prompt in decode_prompts(sequences)]
    for index, sequence in enumerate(sequences):
        if not len(sequence):
            raise PayloadError(f"sequence {index} is empty")
        if len(sequence) % spec.width:
            raise PayloadError(
                f"sequence {index} has {len(sequence)} elements, not whole rows of {spec.width}"
            )
    return [len(sequence) // spec.width for sequence in sequences]


def read_by(spec: InputSpec, sequences: Sequence[Int32], outputs: Sequence[Int32]) -> list[Int32]:
    """What the program reads in each sequence of its transcript: int32 [tokens], or int32
    [positions, width]. After a prompt it reads what it wrote itself: `outputs`, one int32 [max_new]
    for each prompt.

    Raises:
        PayloadError: see `positions_in`.
    """
    if spec.kind is InputKind.PROMPT:
        prompts = decode_prompts(sequences)
        return [p.rows(written[:-1]) for p, written in zip(prompts, outputs, strict=True)]
    if spec.kind is InputKind.ROWS:
        return [sequence.reshape(-1, spec.width) for sequence in sequences]
    return list(sequences)


def rows_to_do(order: Order, model: Bounds, payload: bytes, spec: InputSpec = TOKENS) -> int:
    """Rows of work in an input; none where it breaks a rule."""
    try:
        return sum(positions_in(spec, read_input(order, model, payload, spec)))
    except UnpaidInputError:
        return 0


def results_in(order: Order, output: bytes) -> bytes:
    """The payload of results in an output; a strong one has its transcript's node before it."""
    return output[BODY_BYTES:] if order.strong and output != REFUSED else output


def sequences_in(order: Order, output: bytes) -> list[Int32]:
    """The sequences of results in an output; none in one that holds something else."""
    try:
        return decode_payload(results_in(order, output))
    except PayloadError:
        return []


def output_of(
    order: Order,
    model: Bounds,
    payload: bytes,
    run: Run,
    body_of: BodyOf | None = None,
    spec: InputSpec = TOKENS,
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
        spec: what its program reads.
    """
    try:
        sequences = read_input(order, model, payload, spec)
        outputs = [np.ascontiguousarray(output).reshape(-1) for output in run(sequences)]
        output = encode_payload(outputs)
        if order.strong:
            assert body_of is not None, "a strong order asks for the transcript"
            output = body_of(read_by(spec, sequences, outputs)) + output
    except (UnpaidInputError, InputError, PayloadError):
        return REFUSED
    return output if len(output) <= MOST_ANSWER_BYTES else REFUSED
