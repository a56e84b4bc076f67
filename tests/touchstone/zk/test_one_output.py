"""One output for each input: a second witness is looked for, where there is one and where not."""

import platform
import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.touchstone.zk.conftest import PARAMETERS, SALT
from tests.touchstone.zk.dishonest import call_dishonest, make_dishonest
from touchstone.errors import CircuitError
from touchstone.zk.admission import admit
from touchstone.zk.commitment import circuit_input
from touchstone.zk.engine import call
from touchstone.zk.field import from_hex, signed
from touchstone.zk.network import read_network, salted

linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="the copy of ezkl is changed in x86-64 machine code",
)


@pytest.fixture(scope="module")
def dishonest(tmp_path_factory):
    return make_dishonest(tmp_path_factory.mktemp("dishonest"))


@pytest.fixture(scope="module")
def divided(tmp_path_factory):
    """A circuit as ezkl makes it unless told otherwise: a product, divided back to its scale."""
    folder = tmp_path_factory.mktemp("divided")
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
        for name, width in (("x", 2), ("y", 1))
    ]
    weights = numpy_helper.from_array(np.array([[0.75], [0.5]], np.float32), "w")
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([product], "test", ends[:1], ends[1:], [weights])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "net.onnx")
    onnx.save(salted(read_network(folder / "net.onnx")), folder / "salted.onnx")
    run_args = replace(PARAMETERS, num_inner_cols=2).run_args() | {"scale_rebase_multiplier": 1}
    built = call("build", folder, network="salted.onnx", run_args=run_args)
    return folder, built


def test_a_circuit_with_a_division_is_not_admitted(divided):
    _, built = divided

    with pytest.raises(CircuitError, match=r"REBASED .* rounding slack is not admitted"):
        admit(built["table"], built["settings"])


@linux
def test_a_division_has_two_accepted_outputs(circuit, divided, dishonest):
    # The evidence for the rule above: if this fails, a later ezkl divides without slack.
    folder, _ = divided
    (folder / "kzg.srs").hardlink_to(circuit.folder / "kzg.srs")
    call("setup", folder, srs="kzg.srs", compress_selectors=True)
    # (3 * 192 + 2 * 128) / 256 = 3.25, and (3 * 192 + 128) / 256 = 2.75
    inputs = circuit_input([3 / 256, 1 / 256], PARAMETERS.input_scale, SALT)
    arguments = {"folder": ".", "srs": "kzg.srs", "inputs": inputs}
    first = call("prove", folder, **arguments)
    second = call_dishonest(dishonest, "prove", folder, **arguments)

    assert first["instances"][0] == second["instances"][0]
    assert [signed(from_hex(found["instances"][1])) for found in (first, second)] == [3, 2]
    for found in (first, second):
        proof = {"instances": [found["instances"]], "proof": [*bytes.fromhex(found["proof"][2:])]}
        nothing = dict.fromkeys(
            ("protocol", "hex_proof", "split", "pretty_public_inputs", "timestamp", "version")
        )
        answer = call("verify", folder, folder=".", srs="kzg.srs", proof=proof | nothing)
        assert answer["holds"]


@linux
def test_an_admitted_circuit_leaves_a_dishonest_prover_no_other_output(
    circuit, samples, dishonest, tmp_path
):
    inputs = [circuit_input(row, PARAMETERS.input_scale, SALT) for row in samples[:40]]
    for name in ("circuit.ezkl", "settings.json"):
        (tmp_path / name).hardlink_to(circuit.folder / name)
    honest = call("witness", tmp_path, inputs=inputs, mock=False)
    changed = call_dishonest(dishonest, "witness", tmp_path, inputs=inputs, mock=False)

    assert honest["outputs"] == changed["outputs"]


@pytest.mark.parametrize(
    "change", [{"decomp_legs": 26}, {"required_lookups": ["Recip"]}, {"num_shuffles": 1}]
)
def test_a_setting_that_weakens_a_circuit_is_not_admitted(divided, change):
    _, built = divided
    table = "\n".join(line for line in built["table"].splitlines() if "REBASED" not in line)
    admit(table, built["settings"])
    settings = built["settings"] | change
    legs = change.get("decomp_legs")
    if legs:
        settings["run_args"] = settings["run_args"] | {"decomp_legs": legs}

    with pytest.raises(CircuitError):
        admit(table, settings)
