"""An input is the order's, and has one result whatever it is."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.errors import InputError, PayloadError, UnpaidInputError
from touchstone.programs.program import ORDER_WIDTH, InputKind, InputSpec
from touchstone.protocol.demands import MOST_ANSWER_BYTES
from touchstone.protocol.generation import Prompt, Sampling, encode_prompts
from touchstone.protocol.inputs import (
    REFUSED,
    input_size_limit,
    output_of,
    read_input,
    require_input,
    results_in,
    rows_to_do,
)
from touchstone.protocol.payload import (
    decode_payload,
    encode_payload,
    payload_root,
)

SALT = b"s" * 32
MODEL = SimpleNamespace(unit_rows=8, max_rows=6)


def order_of(payload: bytes, units: int = 1, *, strong: bool = False):
    return SimpleNamespace(input_root=payload_root(payload, SALT), units=units, strong=strong)


def payload_of(*lengths: int) -> bytes:
    return encode_payload([np.ones(n, np.int32) for n in lengths])


def doubled(batch):
    return [2 * sequence for sequence in batch]


def never(batch):
    raise AssertionError("this input breaks a rule")


GARBAGE = {
    "nothing": b"",
    "no payload": b"garbage",
    "cut off": payload_of(3)[:-1],
    "too long": payload_of(3) + b"x",
    "lengths that lie": b"TSP1\x01\x00\x00\x00\xff\xff\xff\xff" + b"\x00" * 8,
    "no sequence": b"TSP1\x00\x00\x00\x00",
    "an empty sequence": payload_of(3, 0),
    "longer than the model takes": payload_of(7),
    "more than is paid for": payload_of(6, 3),
    "the refused output itself": REFUSED,
}


def test_what_is_paid_for_is_executed_to_the_last_row():
    for lengths, units in (((6, 2), 1), ((6, 6, 4), 2)):
        payload = payload_of(*lengths)
        output = output_of(order_of(payload, units), MODEL, payload, doubled)
        assert [row.tolist() for row in decode_payload(output)] == [[2] * n for n in lengths]
        assert rows_to_do(order_of(payload, units), MODEL, payload) == sum(lengths)


@pytest.mark.parametrize("payload", GARBAGE.values(), ids=GARBAGE)
def test_garbage_with_the_orders_root_gives_the_refused_output_and_no_work(payload):
    order = order_of(payload)
    require_input(order.input_root, payload, SALT)
    assert output_of(order, MODEL, payload, never) == REFUSED
    assert rows_to_do(order, MODEL, payload) == 0


@given(st.binary(max_size=64))
def test_any_bytes_have_one_result(payload):
    order = order_of(payload)
    assert output_of(order, MODEL, payload, doubled) == output_of(order, MODEL, payload, doubled)


def test_an_input_that_the_program_does_not_take_gives_the_refused_output():
    def narrow(batch):
        raise InputError("sequence 0 has 3 positions, not 1 to 2")

    assert output_of(order_of(payload_of(3)), MODEL, payload_of(3), narrow) == REFUSED


def test_an_output_too_long_to_be_demanded_on_chain_is_refused():
    payload = payload_of(1)

    def rows(count):
        return lambda _: [np.zeros(count, np.int32)]

    fits = (MOST_ANSWER_BYTES - 12) // 4
    longest = output_of(order_of(payload), MODEL, payload, rows(fits))
    assert len(longest) == MOST_ANSWER_BYTES
    assert output_of(order_of(payload), MODEL, payload, rows(fits + 1)) == REFUSED


def test_no_model_has_the_refused_output():
    with pytest.raises(PayloadError, match="begins with"):
        decode_payload(REFUSED + payload_of(3)[4:])
    with pytest.raises(PayloadError):
        decode_payload(REFUSED)


def test_a_trouble_of_the_node_is_not_the_inputs_fault():
    def broken(batch):
        raise MemoryError

    with pytest.raises(MemoryError):
        output_of(order_of(payload_of(3)), MODEL, payload_of(3), broken)


@pytest.mark.parametrize(("lengths", "rule"), [((6, 3), "oversized"), ((3, 0), "malformed")])
def test_the_broken_rule_is_named(lengths, rule):
    payload = payload_of(*lengths)
    with pytest.raises(UnpaidInputError) as refused:
        read_input(order_of(payload), MODEL, payload)
    assert refused.value.rule == rule


ROWS = InputSpec(InputKind.ROWS, 3, 5, True)
PROMPTS = InputSpec(InputKind.PROMPT, ORDER_WIDTH, 5, True)


def prompts_of(*asked: tuple[int, int]) -> bytes:
    """Prompts of so many tokens, with so many to write."""
    prompts = [Prompt(np.arange(n, dtype=np.int32), Sampling(new, seed=7)) for n, new in asked]
    return encode_payload(encode_prompts(prompts))


@pytest.mark.parametrize(
    ("spec", "payload", "rows"),
    [
        (ROWS, payload_of(3, 15), 6),
        (ROWS, payload_of(3, 14), 0),
        (ROWS, payload_of(18), 0),
        (ROWS, payload_of(15, 15), 0),
        (PROMPTS, prompts_of((1, 5)), 5),
        (PROMPTS, prompts_of((3, 2), (4, 1)), 8),
        (PROMPTS, prompts_of((3, 4)), 0),
        (PROMPTS, prompts_of((3, 0)), 0),
        (PROMPTS, prompts_of((0, 3)), 0),
        (PROMPTS, prompts_of((3, 2), (4, 2)), 0),
        (PROMPTS, payload_of(5), 0),
        (PROMPTS, payload_of(5, 1, 1), 0),
    ],
)  # fmt: skip
def test_rows_and_prompts_have_their_work_or_none(spec, payload, rows):
    """Eight rows are paid for, the program takes five of a sequence."""
    assert rows_to_do(order_of(payload), MODEL, payload, spec) == rows
    refused = output_of(order_of(payload), MODEL, payload, doubled, spec=spec) == REFUSED
    assert refused == (rows == 0)


def test_a_strong_answer_has_the_transcript_of_what_was_written():
    payload, seen = prompts_of((2, 3), (1, 1)), []
    answers = [np.array([40, 41, -1], np.int32), np.array([9], np.int32)]

    def body_of(rows):
        seen.extend(rows)
        return b"b" * 32

    order = order_of(payload, strong=True)
    output = output_of(order, MODEL, payload, lambda _: answers, body_of, PROMPTS)

    assert output == b"b" * 32 + encode_payload(answers)
    first, second = seen
    assert first[:, 0].tolist() == [0, 1, 40, 41]
    assert first[:, 1].tolist() == [0, 0, 1, 1]
    assert second[:, :2].tolist() == [[0, 0]]


def test_another_salt_has_another_root():
    with pytest.raises(UnpaidInputError) as refused:
        require_input(order_of(payload_of(3)).input_root, payload_of(3), b"t" * 32)
    assert refused.value.rule == "wrong_input"


def test_the_size_limit_holds_every_paid_input_that_can_be_published():
    payload = encode_payload([np.ones(1, np.int32)] * 8)
    assert len(payload) <= input_size_limit(order_of(payload), MODEL.unit_rows)
    assert input_size_limit(order_of(payload, 1 << 30), MODEL.unit_rows) == MOST_ANSWER_BYTES


def test_a_strong_output_begins_with_the_transcript():
    payload, body = payload_of(3, 2), b"b" * 32
    strong, plain = order_of(payload, strong=True), order_of(payload)

    output = output_of(strong, MODEL, payload, doubled, lambda sequences: body)

    assert output == body + output_of(plain, MODEL, payload, doubled)
    assert results_in(strong, output) == results_in(plain, output[32:]) == output[32:]


def test_a_strong_order_with_garbage_has_the_one_result_of_garbage():
    payload = GARBAGE["cut off"]
    assert output_of(order_of(payload, strong=True), MODEL, payload, never, never) == REFUSED
