"""What a proof shows, and that nothing but the proof shows it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.touchstone.zk.conftest import MODEL, SALT
from touchstone.chain.devnet import Devnet
from touchstone.errors import CircuitError, InputRangeError, ProofError, ProverError
from touchstone.zk import Circuit, Proof, input_commitment, new_salt
from touchstone.zk.engine import call
from touchstone.zk.field import MODULUS
from touchstone.zk.network import read_network
from touchstone.zk.solidity import compile_verifier


def commit(circuit, values, salt):
    return input_commitment(values, salt, circuit.manifest.parameters.input_scale)


def test_a_proof_shows_what_the_network_gives_for_the_committed_input(circuit, proof, samples):
    wanted = read_network(MODEL / "model.onnx").run(samples[:1])[0]

    assert circuit.verify(proof, commit(circuit, samples[0], SALT))
    assert np.abs(circuit.outputs(proof) - wanted).max() <= circuit.manifest.error_bound


def test_a_read_proof_is_the_one_written(proof):
    assert Proof.from_json(proof.to_json()) == proof


@pytest.mark.parametrize("place", [31, -1])
def test_a_flipped_bit_spoils_a_proof(circuit, proof, place):
    flipped = bytearray(proof.data)
    flipped[place] ^= 1

    assert not circuit.verify(replace(proof, data=bytes(flipped)))


@pytest.mark.parametrize("index", [0, 2])
def test_a_proof_shows_no_other_commitment_and_no_other_output(circuit, proof, index):
    instances = list(proof.instances)
    instances[index] += 1

    assert not circuit.verify(replace(proof, instances=tuple(instances)))


def test_a_shortened_proof_is_refused(circuit, proof):
    assert not circuit.verify(replace(proof, data=proof.data[:-32]))


def test_an_instance_has_one_writing(circuit, proof):
    instances = (*proof.instances[:2], proof.instances[2] + MODULUS)

    with pytest.raises(ProofError, match="not below the field's modulus"):
        circuit.verify(replace(proof, instances=instances))


def test_a_proof_with_an_instance_more_is_refused(circuit, proof):
    with pytest.raises(ProofError, match="has 3 instances, not 4"):
        circuit.verify(replace(proof, instances=(*proof.instances, 0)))


@pytest.mark.parametrize("text", ["[]", "{}", '{"proof": 1, "instances": []}', "nan", "x" * 999999])
def test_what_is_no_proof_is_refused(text):
    with pytest.raises(ProofError):
        Proof.from_json(text)


def test_a_proof_is_of_one_input_and_one_salt(circuit, proof, samples):
    assert not circuit.verify(proof, commit(circuit, samples[1], SALT))
    assert not circuit.verify(proof, commit(circuit, samples[0], new_salt()))


def test_the_salt_hides_the_input_and_changes_no_output(circuit, samples):
    first, second = new_salt(), new_salt()
    assert commit(circuit, samples[0], first) != commit(circuit, samples[0], second)

    inputs = [circuit_input(circuit, samples[0], salt) for salt in (first, second)]
    one, other = call("witness", circuit.folder, inputs=inputs, mock=False)["outputs"]
    assert one == other


def circuit_input(circuit, values, salt):
    from touchstone.zk.commitment import circuit_input as build

    return build(values, circuit.manifest.parameters.input_scale, salt)


def test_a_value_out_of_range_is_refused_with_the_range(circuit, samples):
    values = samples[0].copy()
    values[7] = circuit.manifest.high[7] + 1

    with pytest.raises(InputRangeError, match=r"value 7 is .* outside the range \[-?\d"):
        circuit.prove(values, SALT)


def test_a_value_that_is_no_number_is_refused(circuit, samples):
    values = samples[0].copy()
    values[0] = np.nan

    with pytest.raises(InputRangeError, match="value 0 is nan"):
        circuit.prove(values, SALT)


def test_every_corner_of_the_range_can_be_computed(circuit):
    manifest, random = circuit.manifest, np.random.default_rng(1)
    corners = [np.where(random.random(30) < 0.5, manifest.low, manifest.high) for _ in range(50)]
    inputs = [circuit_input(circuit, corner, SALT) for corner in corners]

    assert len(call("witness", circuit.folder, inputs=inputs, mock=False)["outputs"]) == 50


def test_a_salt_of_another_length_is_refused(circuit, samples):
    with pytest.raises(InputRangeError, match="30 bytes, not 16"):
        circuit.prove(samples[0], bytes(16))


def test_too_little_memory_ends_the_prover_alone(circuit, samples):
    with pytest.raises(ProverError, match="ezkl's prove ended"):
        circuit.prove(samples[0], SALT, memory=96 << 20)


@pytest.mark.parametrize("name", ["vk.key", "settings.json", "verifier.json"])
def test_a_folder_with_another_file_is_not_opened(circuit, tmp_path, name):
    spoilt = tmp_path / "spoilt"
    spoilt.mkdir()
    for file in circuit.folder.iterdir():
        (spoilt / file.name).hardlink_to(file)
    Circuit(spoilt)
    raw = bytearray((spoilt / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (spoilt / name).unlink()
    (spoilt / name).write_bytes(raw)

    with pytest.raises(CircuitError, match=f"{name} is not the file"):
        Circuit(spoilt)


def test_a_manifest_whose_parts_were_exchanged_is_not_read(circuit, tmp_path):
    spoilt = tmp_path / "spoilt"
    spoilt.mkdir()
    for file in circuit.folder.iterdir():
        (spoilt / file.name).hardlink_to(file)
    text = (spoilt / "manifest.json").read_text()
    (spoilt / "manifest.json").unlink()
    other = "0x" + "11" * 32
    text = text.replace(circuit.manifest.verifier_code_hash, other)
    (spoilt / "manifest.json").write_text(text)

    with pytest.raises(CircuitError, match="do not belong together"):
        Circuit(spoilt)


def test_a_circuit_with_another_digest_than_the_registered_is_refused(circuit):
    with pytest.raises(CircuitError, match=f"not 0x{'22' * 32}"):
        Circuit(circuit.folder, "0x" + "22" * 32)


def test_the_contract_takes_the_proof_and_no_other(circuit, proof):
    code = compile_verifier((circuit.folder / "verifier.sol").read_text())
    with Devnet() as devnet:
        w3 = devnet.w3
        sender = devnet.account(0).address
        made = w3.eth.contract(abi=code.abi, bytecode=code.bytecode).constructor()
        receipt = w3.eth.wait_for_transaction_receipt(made.transact({"from": sender}))
        address = receipt["contractAddress"]
        verifier = w3.eth.contract(address, abi=code.abi).functions
        assert w3.eth.get_code(address) == code.runtime
        assert code.code_hash == circuit.manifest.verifier_code_hash

        assert verifier.verifyProof(proof.data, list(proof.instances)).call()
        for instances in ([*proof.instances[:2], proof.instances[2] + 1], [*proof.instances[:2]]):
            with pytest.raises(Exception, match="revert"):
                verifier.verifyProof(proof.data, instances).call()
