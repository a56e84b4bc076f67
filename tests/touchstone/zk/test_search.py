"""The search: within the bound, within its time, and the same twice."""

import numpy as np
import onnx
import pytest
from onnx import helper

from tests.touchstone.zk.test_preparing import network
from touchstone.errors import CircuitError
from touchstone.zk.network import read_network
from touchstone.zk.parameters import candidates
from touchstone.zk.search import Search


@pytest.fixture(scope="module")
def search_of(tmp_path_factory):
    random = np.random.default_rng(3)
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["s"]),
        helper.make_node("Relu", ["s"], ["y"]),
    ]
    file = tmp_path_factory.mktemp("search") / "net.onnx"
    onnx.save(network(*nodes, w=random.normal(size=(3, 3)), b=random.normal(size=3)), file)
    rows = random.normal(size=(20, 3))

    def make(bound: float, seconds: float = 0.0) -> Search:
        low, high = rows.min(0), rows.max(0)
        return Search(read_network(file), rows, low, high, bound, seconds, lambda _: None)

    return make


def test_the_search_keeps_the_bound_and_stops_in_time(search_of):
    search = search_of(0.5)
    found = search.run()

    assert search.error <= 0.5
    # Its time was over at once: the first candidate is taken, with what was measured of it.
    assert len(search.tried) == 1
    assert search.tried[0]["num_inner_cols"] == found.num_inner_cols
    assert search.tried[0]["processor_seconds"] > 0


def test_scales_are_found_alike_twice_and_fewer_bits_do_not_keep_the_bound(search_of):
    first, second = search_of(0.2), search_of(0.2)
    input_scale, param_scale = first.find_scales()
    assert second.find_scales() == (input_scale, param_scale)

    assert not first.judge(input_scale - 1, param_scale)


def test_a_bound_that_no_circuit_keeps_is_named(search_of, monkeypatch):
    monkeypatch.setattr("touchstone.zk.search.SCALES", range(3, 5))

    with pytest.raises(CircuitError, match=r"keeps the error 1e-09 .* allow a larger error"):
        search_of(1e-9).find_scales()


@pytest.mark.parametrize("bits", [8, 27, 40])
def test_every_candidate_holds_the_bits_and_no_lesser_base_would(bits):
    found = [(choice.decomp_base, choice.decomp_legs) for choice in candidates(8, 8, bits, [11])]

    assert found
    for base, legs in found:
        assert (base - 1) ** legs < 2**bits <= base**legs
        assert base < 2**11
