from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.touchstone.engines import float_model
from tests.touchstone.engines.sentences import varied_texts
from touchstone.compilers import compile_bert, find_minilm
from touchstone.engines import ReferenceEngine, TorchEngine
from touchstone.engines.kernels import Float64, all_kernels
from touchstone.engines.native.encoder import NativeEncoder
from touchstone.programs import Model, load_model, tokenize

OUTPUTS_SHA256 = "9f236eca5b3fafd0538d3fb7a3ca722482d7ebafdaecfa03b673b8ee77c53538"
"""Of the outputs for the first 24 texts, one after the other, little-endian."""

TEXTS = 200 if os.environ.get("TOUCHSTONE_LONG") else 60


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("minilm")
    compile_bert(find_minilm(), folder, "all-MiniLM-L6-v2", "1.0.0")
    return load_model(folder)


@pytest.fixture(scope="module")
def engine(model: Model) -> TorchEngine:
    return TorchEngine(model)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def short_tokens(model: Model, count: int) -> list[NDArray[np.int32]]:
    return tokenize(model, varied_texts(200)[:count])


def test_torch_gives_the_bytes_of_the_reference_and_they_are_pinned(
    model: Model, engine: TorchEngine
) -> None:
    tokens = short_tokens(model, 24)
    wanted = ReferenceEngine(model).run(tokens)
    assert [a.tobytes() for a in engine.run(tokens)] == [a.tobytes() for a in wanted]
    digest = sha256(b"".join(a.astype("<i4").tobytes() for a in wanted)).hexdigest()
    assert digest == OUTPUTS_SHA256


def test_machine_code_gives_the_same_bytes(model: Model, engine: TorchEngine) -> None:
    tokens = short_tokens(model, 24)
    odd = np.array([-1, 30522, 5, (1 << 31) - 1, -(1 << 31)], np.int32)
    native = NativeEncoder(model, threads=2)
    found = native.run(tokens)
    digest = sha256(b"".join(a.astype("<i4").tobytes() for a in found)).hexdigest()
    assert digest == OUTPUTS_SHA256
    assert np.array_equal(native.run([odd])[0], engine.run([odd])[0])
    for (_, a), (_, b) in zip(native.replay(odd), engine.replay(odd), strict=True):
        assert np.array_equal(a, b)


def test_a_long_sequence_and_unknown_tokens_give_the_reference_bytes(
    model: Model, engine: TorchEngine
) -> None:
    random = np.random.default_rng(2)
    long = random.integers(0, 30522, 256).astype(np.int32)
    odd = np.array([-1, 30522, 5, (1 << 31) - 1, -(1 << 31)], np.int32)
    wanted = ReferenceEngine(model).run([long, odd])
    for a, b in zip(engine.run([odd, long]), reversed(wanted), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("kernel", all_kernels(), ids=lambda kernel: kernel.name)
def test_every_kernel_gives_the_same_bytes(
    model: Model, engine: TorchEngine, kernel: object
) -> None:
    tokens = short_tokens(model, 6)
    only = TorchEngine(model, kernels=[kernel, Float64()])  # type: ignore[list-item]
    only._chooser.clock = iter(range(1 << 20)).__next__  # every run takes one second: ties
    for a, b in zip(only.run(tokens), engine.run(tokens), strict=True):
        assert np.array_equal(a, b)


def test_neither_batch_nor_order_nor_threads_change_a_byte(
    model: Model, engine: TorchEngine
) -> None:
    tokens = short_tokens(model, 20)
    alone = [engine.run([t])[0].tobytes() for t in tokens]
    assert [a.tobytes() for a in engine.run(tokens)] == alone
    assert [a.tobytes() for a in engine.run(tokens[::-1])] == alone[::-1]
    for count in (1, 2, 5):
        other = TorchEngine(model, threads=count)
        assert [a.tobytes() for a in other.run(tokens[::3])] == alone[::3]


def test_one_changed_weight_changes_the_output(model: Model, engine: TorchEngine) -> None:
    """What the tests above compare can differ at all."""
    tokens = short_tokens(model, 1)
    before = engine.run(tokens)[0]
    constant = next(o for o in model.program.operators if o.label == "layer.3.2.inner").constants[0]
    tensor = model.tensors[constant].copy()
    tensor[7] = -tensor[7]
    spoiled = Model(model.manifest, model.program, {**model.tensors, constant: tensor}, Path())
    assert not np.array_equal(TorchEngine(spoiled).run(tokens)[0], before)
    assert not np.array_equal(ReferenceEngine(spoiled).run(tokens)[0], before)


def test_embeddings_keep_the_quality_of_int8_weights(model: Model, engine: TorchEngine) -> None:
    tokens = tokenize(model, varied_texts(TEXTS))
    lengths = sorted(len(t) for t in tokens)
    assert lengths[0] <= 4 and lengths[-1] == 256 and len(set(lengths)) > TEXTS // 2
    outputs = engine.run(tokens)
    lengths_of_rows = np.linalg.norm(np.stack(outputs) / 2.0**20, axis=1)
    assert np.abs(lengths_of_rows - 1).max() < 1e-4
    source = find_minilm()
    same = float_model.cosines(
        outputs, float_model.embed(float_model.dequantised(model, source), tokens)
    )
    float32 = float_model.cosines(outputs, float_model.embed(float_model.original(source), tokens))
    print(f"cosine to the same int8 weights in float: {same}; to float32: {float32}")
    assert same["mean"] >= 0.9999 and same["min"] >= 0.999
    assert float32["mean"] >= 0.9993 and float32["min"] >= 0.995
