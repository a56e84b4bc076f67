"""What an input asks for: the contract and the library say the same of every payload."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.causal_model import CausalModel, prompt_model, publisher_of_causal, rows_model
from touchstone.chain.deploy import deploy
from touchstone.chain.devnet import Devnet
from touchstone.disputes.case import Case
from touchstone.disputes.ends import Ends
from touchstone.disputes.game import Brief, Element
from touchstone.programs import InputKind, InputSpec
from touchstone.programs.builder import ProgramBuilder
from touchstone.protocol.generation import SETTINGS, Prompt, Sampling, encode_prompts
from touchstone.protocol.inputs import REFUSED, output_of, positions_in, read_input
from touchstone.protocol.orders import Mode, Order
from touchstone.protocol.payload import encode_payload, payload_root
from touchstone.transcripts.layout import Layout

SALT = b"j" * 32
MAX_ROWS = 28
"""Fewer than the programs take."""

PAYLOADS = 80


@pytest.fixture(scope="module")
def world():
    with Devnet() as devnet:
        deployment = deploy(devnet.w3, devnet.account(0))
        yield devnet, deployment


def wide_model() -> CausalModel:
    """Reads tokens, and gives so much for each that few are too many."""
    random = np.random.default_rng(5)
    builder = ProgramBuilder(InputSpec(InputKind.TOKENS, 1, 30))
    table = random.integers(-9, 9, (4, 1200)).astype(np.int8)
    x = builder.add("embed_tokens", "e", (0,), (table, np.ones(4, np.int32)), scale_bits=1)
    return CausalModel(builder.program(x), builder.tensors)


def some_rows(random: np.random.Generator, width: int) -> list[np.ndarray]:
    rows = random.integers(0, MAX_ROWS + 3, int(random.integers(1, 4)))
    spare = random.choice([0, 0, 0, 1], len(rows))
    return [
        random.integers(-9, 9, n * width + over).astype(np.int32)
        for n, over in zip(rows, spare, strict=True)
    ]


def some_prompts(random: np.random.Generator) -> list[np.ndarray]:
    prompts = [
        Prompt(random.integers(0, 50, n).astype(np.int32), Sampling(int(new)))
        for n, new in random.integers(0, 14, (int(random.integers(1, 4)), 2))
    ]
    sequences = encode_prompts(prompts)
    match random.integers(8):
        case 0:
            sequences[0] = sequences[0][:-1]
        case 1:
            sequences.pop()
        case 2:
            sequences[0][0] = random.choice([-1, 0, 1 << 15, (1 << 31) - 1, -(1 << 31)])
        case 3:
            sequences = sequences[:1]
    return sequences


def payload_of(random: np.random.Generator, spec: InputSpec) -> bytes:
    """A payload that keeps every rule, or nearly so."""
    prompted = spec.kind is InputKind.PROMPT
    payload = encode_payload(some_prompts(random) if prompted else some_rows(random, spec.width))
    if random.integers(8) == 0:
        return payload[: random.integers(len(payload))]
    return payload


def zeros(model: CausalModel):
    """A run of the model that gives nothing but the right shape."""
    spec, program = model.program.input, model.program

    def run(sequences):
        lengths = positions_in(spec, sequences)
        if spec.kind is InputKind.PROMPT:
            lengths = sequences[0][::SETTINGS]
        shape = Layout.of(program, [1]).shapes[program.output]
        return [np.zeros((n if shape.rows else 1) * shape.width, np.int32) for n in lengths]

    return run


@pytest.mark.parametrize("kind", list(InputKind), ids=lambda kind: kind.name.lower())
def test_any_payload_has_one_shape(world, kind: InputKind) -> None:
    devnet, deployment = world
    model = {
        InputKind.TOKENS: wide_model,
        InputKind.ROWS: rows_model,
        InputKind.PROMPT: prompt_model,
    }[kind]()
    identity = publisher_of_causal(model, kind.name, MAX_ROWS)(devnet, deployment)
    views, random = deployment.views(devnet.w3, "Payloads"), np.random.default_rng(kind)
    bounds, program = SimpleNamespace(unit_rows=8, max_rows=MAX_ROWS), model.program
    payloads = [payload_of(random, program.input) for _ in range(PAYLOADS)]
    orders = [
        Order(
            devnet.account(0).address,
            identity,
            0,
            0,
            Mode.REDUNDANT,
            2,
            int(random.integers(1, 8)),
            payload_root(payload, SALT),
            bytes(32),
            0,
            0,
        )
        for payload in payloads
    ]
    registry = deployment.address("ModelRegistry")
    root = model.manifest.program_root
    found = views.call_together(
        *(
            (
                "brief",
                registry,
                order.values(),
                b"j" * 32,
                order.input_root,
                Case(program, root, model.tensors, payload, None).briefing(SALT),
            )
            for order, payload in zip(orders, payloads, strict=True)
        )
    )
    refused = 0
    for order, payload, fields in zip(orders, payloads, found, strict=True):
        brief = Brief(*fields)
        assert Brief.from_abi(brief.as_abi()) == brief
        output = output_of(order, bounds, payload, zeros(model), spec=program.input)
        assert brief.refused == (output == REFUSED)
        refused += brief.refused
        if brief.refused:
            continue
        sequences = read_input(order, bounds, payload, program.input)
        lengths = positions_in(program.input, sequences)
        assert [brief.length(s) for s in range(brief.count)] == lengths
        assert brief.output_bytes == len(output)
        assert (brief.input_kind, brief.causal) == (kind, program.input.causal)
        check_copy(views, brief, Ends.of(program.input, Layout.of(program, lengths), payload, 0))
    assert PAYLOADS // 10 < refused < PAYLOADS * 9 // 10


def check_copy(views, brief: Brief, ends: Ends) -> None:
    """Every word of an output is that of one element, on either side."""
    words = range(0, brief.output_bytes // 4, max(1, brief.output_bytes // 80))
    answers = views.call_together(
        *(("outputWord", brief.as_abi(), bytes(32), word) for word in words)
    )
    for word, (header, _, sequence, position, index) in zip(words, answers, strict=True):
        element = ends.output_element(word)
        assert header == (element is None)
        if element is not None:
            assert element == Element(sequence, position, brief.output_value, index)
