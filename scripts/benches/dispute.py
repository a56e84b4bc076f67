"""What it takes to find a lie in the real MiniLM: transactions, gas by side, and time.

One lie in an operator of each kind, in the second of three layers' worth of values, in a text of 64
tokens; whole games on a real chain between an honest seat and the liar, from the market's contest
to the conviction (the contest itself and the conclusion, which carries out the verdict, are counted
apart). `replay_ratio_max` is the time to recompute a transcript over plain inference, both with the
torch engine; `strong_claim_overhead` the time to hash a transcript over plain inference.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

# The cheats of the tests serve here too.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.attacks.chains import Chain, equip
from tests.cheats.tampering import flip
from tests.disputes.arena import Arena, Lab, lab_of
from tests.support.tiny_model import publisher_of
from touchstone.chain.devnet import Devnet
from touchstone.compilers import compile_bert, find_minilm
from touchstone.disputes.moves import ConvictStrong
from touchstone.engines import TorchEngine
from touchstone.players.served import find_conviction
from touchstone.programs import load_model
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import InputKind, InputSpec
from touchstone.transcripts.transcript import body_of, bytes_of
from touchstone.transcripts.trees import ChunkTree

TOKENS = 64
BIT = 17
BITS = (BIT, 22, 27, 30, 31, 10)
"""Tried until the lie shows in the output."""
LINEAR = "layer.2.query"


def run() -> dict[str, float]:
    """The figures: counts, gas, and ratios of times."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder, Devnet() as devnet:
        path = Path(folder)
        compile_bert(find_minilm(), path, "all-MiniLM-L6-v2", "1")
        figures = times(path, console)
        chain = equip(devnet, 2, publisher_of(path))
        figures |= games(chain, lab_of(path, (TOKENS,)), console)
    figures["strong_claim_overhead_1024"] = overhead_at(1024)
    return figures


# --- games ---------------------------------------------------------------------------------------


def games(chain: Chain, lab: Lab, console: Console) -> dict[str, float]:
    """One game for each kind of operator; figures over all of them, and of each."""
    figures: dict[str, float] = {}
    right = lab.execute()
    counts, totals = [], []
    for value, operator in first_of_each(lab):
        wrong = next(
            found
            for bit in BITS
            if (found := lab.execute(flip(0, value, 12_345, bit))).root != right.root
        )
        arena = Arena.contested(chain, lab, [right, wrong])
        ended, guilty = arena.play()
        assert (ended, guilty) == (True, {1}), operator
        sides = {seat: [gas for _, gas in made] for seat, made in arena.gas.items()}
        transactions = sum(len(gas) for gas in sides.values())
        total = sum(sum(gas) for gas in sides.values())
        counts.append(transactions)
        totals.append(total)
        figures[f"{operator}_transactions"] = transactions
        figures[f"{operator}_gas_honest"] = sum(sides[0])
        figures[f"{operator}_gas_liar"] = sum(sides[1])
        console.print(f"{operator}: {transactions} transactions, {total:,} gas")
    figures["transactions_max"], figures["gas_total_max"] = max(counts), max(totals)
    figures["conviction_gas"] = conviction(chain, lab)
    return figures


def first_of_each(lab: Lab) -> list[tuple[int, str]]:
    """The first value that each kind of operator writes from layer 2 on, or at all."""
    found: dict[str, int] = {}
    for value, operator in enumerate(lab.model.program.operators, start=1):
        early = operator.label.startswith(("layer.0", "layer.1"))
        if operator.op not in found or (
            not early and lab.model.program.operators[found[operator.op] - 1].label < "layer.2"
        ):
            found[operator.op] = value
    return [(value, op) for op, value in found.items()]


def conviction(chain: Chain, lab: Lab) -> float:
    """Gas of the one transaction that convicts a strong claim of a linear element of width 384."""
    value = next(v for v, o in enumerate(lab.model.program.operators, start=1) if o.label == LINEAR)
    right = lab.execute(strong=True)
    wrong = lab.execute(flip(0, value, 12_345, BIT), strong=True)

    class Shelf:
        """What the liar serves."""

        def output(self, *_: Any) -> bytes:
            return wrong.output

        def children(self, job: Any, salt: Any, node: Any) -> tuple[bytes, ...]:
            return wrong.case.opening(node)[0]

        def chunk(self, job: Any, salt: Any, node: Any) -> bytes:
            return wrong.case.opening(node)[1]

    class Served:
        def conviction(self, job: Any, salt: Any, brief: Any, accused: Any, *rest: Any) -> Any:
            number, party = accused
            return find_conviction(Shelf(), job, salt, brief, number, party.output, *rest)

    arena = Arena.contested(chain, lab, [right, wrong], strong=True, served=Served())  # type: ignore[arg-type]
    assert arena.play(silent=[1]) == (True, {1})
    ((_, gas),) = [
        (moves, gas) for moves, gas in arena.gas[0] if isinstance(moves[0], ConvictStrong)
    ]
    return gas


# --- times ---------------------------------------------------------------------------------------


def times(folder: Path, console: Console) -> dict[str, float]:
    """How much longer than an inference a replay takes, and the hashing of a strong claim."""
    model = load_model(folder)
    engine = TorchEngine(model)
    tokens = np.random.default_rng(1).integers(1000, 30000, TOKENS).astype(np.int32)
    values = [bytes_of(x) for _, x in engine.replay(tokens)]
    inference, replay, hashing = best(
        lambda: engine.run([tokens]),
        lambda: body_of(model.program, engine.replay, [tokens]),
        lambda: [ChunkTree(data).top for data in values],
    )
    console.print(
        f"inference {1000 * inference:.0f} ms, replay {1000 * replay:.0f}, hashing "
        f"{1000 * hashing:.0f} of {sum(map(len, values)) / 1e6:.1f} MB"
    )
    return {
        "replay_ratio_max": replay / inference,
        "strong_claim_overhead": hashing / inference,
        "transcript_mb": sum(map(len, values)) / 1e6,
        "inference_ms": 1000 * inference,
    }


def overhead_at(hidden: int) -> float:
    """Hashing over inference where rows are wider: two linear layers of that width."""
    random = np.random.default_rng(2)
    builder = ProgramBuilder(InputSpec(InputKind.ROWS, hidden, TOKENS))
    x = 0
    for layer in range(2):
        for inner, outer in ((hidden, 4 * hidden), (4 * hidden, hidden)):
            peak = builder.add("peak", f"{layer}.{outer}.peak", (x,))
            x = builder.add(
                "matmul",
                f"{layer}.{outer}",
                (x, peak),
                (
                    random.integers(-127, 128, (outer, inner)).astype(np.int8),
                    np.full(outer, 1 << 18, np.int32),
                    np.zeros(outer, np.int32),
                ),
                row_bits=12,
                scale_bits=32,
                groups=1,
            )
    program = builder.program(x)
    engine = TorchEngine(_Bare(program, builder.tensors))  # type: ignore[arg-type]
    rows = random.integers(-(1 << 20), 1 << 20, (TOKENS, hidden)).astype(np.int32)
    values = [bytes_of(v) for _, v in engine.replay(rows)]
    inference, hashing = best(
        lambda: engine.run([rows]), lambda: [ChunkTree(data).top for data in values]
    )
    return hashing / inference


class _Bare:
    """A program and its tensors, which is all that an engine reads of a model."""

    def __init__(self, program: Any, tensors: Any) -> None:
        self.program, self.tensors = program, tensors


def best(*actions: Callable[[], object], rounds: int = 7) -> tuple[float, ...]:
    """The best seconds of each, taking turns."""
    found = [float("inf")] * len(actions)
    for _ in range(rounds):
        for i, action in enumerate(actions):
            start = time.perf_counter()
            action()
            found[i] = min(found[i], time.perf_counter() - start)
    return tuple(found)
