"""What becomes a circuit, and with which reference string."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.touchstone.zk.conftest import MODEL, PARAMETERS
from touchstone.errors import CircuitError, InputRangeError, SrsError
from touchstone.zk import Ceremony, Manifest, prepare, read_samples
from touchstone.zk.network import read_network
from touchstone.zk.parameters import legs_for
from touchstone.zk.ranges import relu_bits
from touchstone.zk.srs import sha256_file


def network(*nodes, width=3, **constants):
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width]) for name in ("x", "y")
    ]
    held = [numpy_helper.from_array(np.array(c, np.float32), n) for n, c in constants.items()]
    graph = helper.make_graph(list(nodes), "test", ends[:1], ends[1:], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_the_folder_says_what_it_was_made_with(circuit):
    manifest = circuit.manifest

    assert manifest.parameters == PARAMETERS
    assert not manifest.secure
    assert manifest.error <= manifest.error_bound
    assert manifest.verifier_size <= 24 * 1024
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_a_folder_is_never_overwritten(circuit, samples):
    with pytest.raises(CircuitError, match="exists already"):
        prepare(MODEL / "model.onnx", samples, circuit.folder)


def test_a_reference_string_with_another_digest_is_not_used(circuit, samples, tmp_path):
    ceremony = Ceremony(circuit.folder / "kzg.srs", "00" * 32)

    with pytest.raises(SrsError, match=r"has the SHA-256 .* not 0000"):
        prepare(MODEL / "model.onnx", samples, tmp_path / "out", ceremony=ceremony)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_reference_string_is_not_used(circuit, tmp_path):
    cut = tmp_path / "cut.srs"
    cut.write_bytes((circuit.folder / "kzg.srs").read_bytes()[:-1])

    with pytest.raises(SrsError, match=r"begins with 11 and has 262,403 bytes"):
        Ceremony(cut, sha256_file(cut)).check()


def test_a_reference_string_of_the_right_digest_is_taken(circuit):
    file = circuit.folder / "kzg.srs"

    assert Ceremony(file, sha256_file(file)).check() == PARAMETERS.logrows


@pytest.mark.parametrize("kind", ["Sigmoid", "Softmax", "Reciprocal"])
def test_an_operator_that_needs_rounding_is_refused(tmp_path, kind):
    onnx.save(network(helper.make_node(kind, ["x"], ["y"])), tmp_path / "net.onnx")

    with pytest.raises(CircuitError, match=f"the operator {kind}"):
        read_network(tmp_path / "net.onnx")


def test_what_is_no_network_is_refused(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"nothing of the kind")

    with pytest.raises(CircuitError, match="is not an ONNX network"):
        read_network(tmp_path / "net.onnx")


def test_samples_are_read_without_pickles(tmp_path):
    np.save(tmp_path / "rows.npy", np.array([[object()]]), allow_pickle=True)

    with pytest.raises(InputRangeError, match="holds no samples"):
        read_samples(tmp_path / "rows.npy")


def test_samples_of_another_width_are_refused(samples, tmp_path):
    with pytest.raises(InputRangeError, match="rows of 30 numbers"):
        prepare(MODEL / "model.onnx", samples[:, :29], tmp_path / "out")


def test_no_input_of_the_box_passes_the_bound_before_a_relu(tmp_path):
    random = np.random.default_rng(2)
    weights, bias = random.normal(size=(3, 3)), random.normal(size=3)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        helper.make_node("Add", ["m", "b"], ["s"]),
        helper.make_node("Relu", ["s"], ["y"]),
    ]
    onnx.save(network(*nodes, w=weights, b=bias), tmp_path / "net.onnx")
    low, high = -np.arange(1.0, 4), np.arange(2.0, 5)
    bits = relu_bits(read_network(tmp_path / "net.onnx"), low, high, 6, 6)

    corners = random.uniform(low, high, (1000, 3)).clip(low, high)
    reached = np.abs(corners @ weights + bias).max() * 2**12
    worst = (np.maximum(weights * low[:, None], weights * high[:, None]).sum(0) + bias).max()
    assert reached <= 2**bits
    assert worst * 2**12 <= 2**bits


@pytest.mark.parametrize(("bits", "base", "legs"), [(24, 256, 3), (25, 256, 4), (20, 1024, 2)])
def test_digits_are_as_many_as_the_bits_need(bits, base, legs):
    assert legs_for(bits, base) == legs
