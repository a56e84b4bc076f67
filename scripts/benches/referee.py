"""Gas of the transactions with which a referee recomputes one element, calldata included.

The transcripts are as deep as real ones: 320 values of 128 positions, in a payload of 8 sequences.
Operators from `rotate` on stand in that of a causal program, with two heads of queries to each of
keys; an element of it is the last position's.
A step is the largest transaction of one operator: the whole element with the claimed one where the
reduction is judged at once, and a full segment of it where it is not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

# The transcripts of the tests serve here too.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.touchstone.referee.judge import Judge, deploy_referee
from tests.touchstone.referee.transcript import Case, Sketch
from touchstone.arithmetic.tables import (
    GELU_LOW,
    exp_table,
    gelu_table,
    noise_table,
    weight_table,
)
from touchstone.chain.devnet import Devnet
from touchstone.chain.sender import Sender
from touchstone.programs import Rows, Shape
from touchstone.programs.program import ORDER_WIDTH
from touchstone.programs.rules import RULES

WIDTHS = (384, 1024, 4096)
LENGTH = 128
HEAD = 64
VALUES = 320
SEQUENCES = 8
VOCABULARY = 4096
LATER = {op for op, rule in RULES.items() if rule.opcode >= RULES["rotate"].opcode}
SHARED = 2
"""Heads of queries to each head of keys."""

PARTS = 64
TRANSACTION = 21_000


def run() -> dict[str, float]:
    """The figures: gas of transactions."""
    console, figures = Console(stderr=True), dict[str, float]()
    with Devnet() as devnet:
        sender = Sender(devnet.w3, devnet.account(0), poll_s=0.01)
        judge = Judge(devnet.url, deploy_referee(sender))
        meter = Meter(devnet, judge)
        with judge.client:
            for width in WIDTHS:
                console.print(f"width {width}")
                case = transcript(width)
                for op in sorted(RULES.keys() - {"embed_tokens", *LATER}):
                    figures[f"{op}_{width}_gas"] = meter.step(case, op)
                causal = causal_transcript(width)
                for op in sorted(LATER):
                    figures[f"{op}_{width}_gas"] = meter.step(causal, op)
                words = transcript(width, tokens=True)
                figures[f"embed_tokens_{width}_gas"] = meter.step(words, "embed_tokens")
                if width == WIDTHS[-1]:
                    figures[f"linear_{width}_max_tx_gas"] = meter.linear(case)
    figures["conviction_384_gas"] = figures["matmul_384_gas"]
    return figures


class Meter:
    """Sends calls of a referee as transactions and reads what they cost."""

    def __init__(self, devnet: Devnet, judge: Judge) -> None:
        self.devnet = devnet
        self.judge = judge

    def gas(self, name: str, *arguments: Any) -> int:
        """Gas that a transaction with this call uses."""
        w3 = self.devnet.w3
        sent: Any = {
            "from": self.devnet.account(0).address,
            "to": self.judge.address,
            "data": self.judge.data(name, *arguments),
            "gas": 1 << 24,
        }
        receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_transaction(sent))
        if receipt["status"] != 1:
            raise RuntimeError(f"{name} was refused")
        return receipt["gasUsed"]

    def step(self, case: Case, op: str) -> int:
        """The largest transaction about an element in the middle of the output of `op`."""
        question = _question(case, op)
        terms, most = case.builder.step(question).reduction()
        if terms <= most:
            whole = case.builder.whole(question, case.source)
            if self.judge.call("expected", question, whole) != case.answer(question):
                raise RuntimeError(f"the referee and the reference differ on {op}")
            return self.gas("expected", question, whole)
        segment = case.builder.segment(question, case.source, 0, most)
        return self.gas("partialOf", question, segment, 0, most)

    def linear(self, case: Case) -> int:
        """The largest transaction of a product that is cut into parts: a part, or the end."""
        question = _question(case, "matmul")
        terms, _ = case.builder.step(question).reduction()
        size, parts, largest = terms // PARTS, [], 0
        for start in range(0, terms, size):
            segment = case.builder.segment(question, case.source, start, start + size)
            call = (question, segment, start, start + size)
            parts.append(self.judge.call("partialOf", *call))
            largest = max(largest, self.gas("partialOf", *call))
        end = case.builder.finish(question, case.source)
        if self.judge.call("finish", question, end, sum(parts)) != case.answer(question):
            raise RuntimeError("the parts do not give the element")
        # One transaction would do both.
        last = self.gas("combined", question, case.builder.records(question), parts)
        last += self.gas("finish", question, end, sum(parts)) - TRANSACTION
        return max(largest, last)


def _question(case: Case, op: str) -> Any:
    names = [operator.op for operator in case.program.operators]
    value, last = names.index(op) + 1, case.length - 1 if case.layout.causal else 0
    size = case.at(value, last).size
    return case.question(value, (size // 2 + 1) % size, last)


def transcript(width: int, tokens: bool = False) -> Case:
    """A transcript with every operator on rows of this width; of tokens, with only their table."""
    random = np.random.default_rng(width)

    def ints(limit: int, *shape: int) -> Any:
        return random.integers(-limit, limit, shape).astype(np.int32)

    if tokens:
        words = random.integers(0, VOCABULARY, (LENGTH, 1, 1)).astype(np.int32)
        sketch = Sketch(LENGTH, words, tokens=True)
        table = random.integers(-127, 128, (VOCABULARY, width)).astype(np.int8)
        scale = random.integers(1 << 18, 1 << 20, VOCABULARY).astype(np.int32)
        sketch.run("embed_tokens", (0,), (table, scale), scale_bits=10)
    else:
        sketch = Sketch(LENGTH, (random.normal(size=(LENGTH, 1, width)) * 2**16).astype(np.int32))
        _every_operator(sketch, width, ints)
    while len(sketch.values) < VALUES:
        sketch.run("row_max", (sketch.ones,))
    return sketch.case(3, SEQUENCES)


def causal_transcript(width: int) -> Case:
    """The same with every later operator, in a causal program."""
    random = np.random.default_rng(width)

    def ints(limit: int, *shape: int) -> Any:
        return random.integers(-limit, limit, shape).astype(np.int32)

    first = (random.normal(size=(LENGTH, 1, width)) * 2**16).astype(np.int32)
    sketch = Sketch(LENGTH, first, causal=True)
    heads = Shape(Rows.SEQUENCE, width // HEAD, HEAD)
    shared = Shape(Rows.SEQUENCE, heads.groups // SHARED, HEAD)
    q, k, v = (
        sketch.given(ints(1 << 20, LENGTH, shape.groups, HEAD), shape)
        for shape in (heads, shared, shared)
    )
    angles = (ints(1 << 20, LENGTH, HEAD // 2), ints(1 << 20, LENGTH, HEAD // 2))
    q, k = (sketch.run("rotate", (x,), angles) for x in (q, k))
    tops = [sketch.run("peak", (x,)) for x in (q, k, v)]
    bits = {"row_bits": 9, "key_bits": 9, "factor": 32768, "factor_bits": 18}
    scores = sketch.run("causal_scores", (q, tops[0], k, tops[1]), **bits)
    weighed = sketch.run("exp", (scores, sketch.run("row_max", (scores,))), (weight_table(),))
    total = sketch.run("row_sum", (weighed,))
    sketch.run("causal_mix", (weighed, total, v, tops[2]), row_bits=14)
    gate = sketch.run("multiply", (0, 0))
    both = sketch.run("concat", (gate, 0))
    logits = sketch.run("slice", (both,), start=7, width=width)
    order = ints(1 << 30, LENGTH, 1, ORDER_WIDTH)
    order[..., 1:4] = 1, 1 << 16, (1 << 31) - 1
    how = sketch.given(np.abs(order), Shape(Rows.SEQUENCE, 1, ORDER_WIDTH))
    tempered = sketch.run("temper", (logits, how))
    highest = sketch.run("row_max", (tempered,))
    noisy = sketch.run("perturb", (tempered, highest, how), (noise_table(),))
    sketch.run("emit", (sketch.run("argmax", (noisy,)), how), (ints(1 << 16, 64),))
    while len(sketch.values) < VALUES:
        sketch.run("row_max", (sketch.ones,))
    return sketch.case(3, SEQUENCES)


def _every_operator(sketch: Sketch, width: int, ints: Any) -> None:
    run = sketch.run

    def matrix(bits: int, groups: int) -> dict[str, int]:
        return {"row_bits": bits, "scale_bits": 27, "groups": groups}

    place = run("embed_positions", (), (ints(1 << 16, 512, width),))
    x = run("add", (0, place))
    peak = run("peak", (x,))
    weights = (
        ints(128, width, width).astype(np.int8),
        np.abs(ints(1 << 20, width)),
        ints(1 << 16, width),
    )
    heads = width // HEAD
    q, k, v = (run("matmul", (x, peak), weights, **matrix(12, heads)) for _ in range(3))
    tops = [run("peak", (value,)) for value in (q, k, v)]
    scores = run("scores", (q, tops[0], k, tops[1]), row_bits=14, factor=32768, factor_bits=18)
    weighed = run("exp", (scores, run("row_max", (scores,))), (exp_table(),))
    shares = run("probabilities", (weighed, run("row_sum", (weighed,))))
    mixed = run("mix", (shares, v, run("column_max", (tops[2],))), row_bits=14)
    joined = run("join", (mixed,))
    active = run("lookup", (joined,), (gelu_table(),), low=GELU_LOW, identity_above=1)
    centred = run("centre", (active, run("row_mean", (active,))))
    top = run("peak", (centred,))
    square = run("mean_square", (centred, top))
    inverse = run("inverse_root", (square, top), epsilon=4611686)
    norm = (ints(1 << 17, width), ints(1 << 10, width))
    run("column_mean", (run("scale_row", (centred, top, inverse), norm, gain_bits=16),))
