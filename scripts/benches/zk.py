"""Zero-knowledge proofs of the diagnosis model, beside ezkl's calibrated defaults in the same run.

`diagnosis_prove_s` is what a caller of `Circuit.prove` waits, the start of the prover's process
and the witness included; `proving_s` is ezkl's proving alone, in the circuit that the search has
found, and `default_proving_s` in the one that ezkl calibrates, for the same hashed and salted
input; `speedup_vs_default` is their quotient. Processor seconds matter where cores are shared.
Gas is that of a transaction to the generated contract, which pays for its calldata too.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from touchstone.chain.devnet import Devnet
from touchstone.zk import Circuit, Proof, new_salt, prepare, read_samples
from touchstone.zk.solidity import compile_verifier

MODEL = Path(__file__).resolve().parents[2] / "models" / "diagnosis"
SEARCH_SECONDS = 90.0
PROOFS = 5
MB = 1e6


def run() -> dict[str, float]:
    """Figures by name: times in seconds, sizes as their names say, gas of one transaction."""
    samples = read_samples(MODEL / "samples.npy")
    with tempfile.TemporaryDirectory() as home:
        out = Path(home) / "diagnosis"
        began = time.perf_counter()
        made = prepare(MODEL / "model.onnx", samples, out, seconds=SEARCH_SECONDS, say=print)
        figures = {"prepare_s": time.perf_counter() - began}
        circuit = Circuit(out)
        taken, checked = [], []
        for row in samples[:PROOFS]:
            began = time.perf_counter()
            proof = circuit.prove(row, new_salt())
            taken.append(time.perf_counter() - began)
            began = time.perf_counter()
            assert circuit.verify(proof)
            checked.append(time.perf_counter() - began)
        wanted = asdict(made.parameters).items()
        chosen = next(entry for entry in made.search["tried"] if wanted <= entry.items())
        default = made.search["default"]
        figures |= {
            "diagnosis_prove_s": statistics.median(taken),
            "verify_off_chain_s": statistics.median(checked),
            "proving_s": chosen["seconds"],
            "proving_processor_s": chosen["processor_seconds"],
            "default_proving_s": default["seconds"],
            "default_proving_processor_s": default["processor_seconds"],
            "speedup_vs_default": default["seconds"] / chosen["seconds"],
            "speedup_vs_default_processor": default["processor_seconds"]
            / chosen["processor_seconds"],
            "logrows": made.parameters.logrows,
            "default_logrows": default["logrows"],
            "proving_key_mb": made.sizes["pk.key"] / MB,
            "verifying_key_kb": made.sizes["vk.key"] / 1e3,
            "peak_memory_mb": chosen["peak_bytes"] / MB,
            "default_peak_memory_mb": default["peak_bytes"] / MB,
            "proof_bytes": len(proof.data),
            "verifier_bytes": made.verifier_size,
            "verify_gas": gas(out, proof),
            "error_max": made.error,
            "same_decision": made.agreement,
        }
    return figures


def gas(folder: Path, proof: Proof) -> int:
    """Gas of a transaction that has the proof verified, on a real chain."""
    code = compile_verifier((folder / "verifier.sol").read_text())
    with Devnet() as devnet:
        w3, sender = devnet.w3, devnet.account(0).address
        made = w3.eth.contract(abi=code.abi, bytecode=code.bytecode).constructor()
        address = w3.eth.wait_for_transaction_receipt(made.transact({"from": sender}))[
            "contractAddress"
        ]
        verify = w3.eth.contract(address, abi=code.abi).functions.verifyProof
        sent = verify(proof.data, list(proof.instances)).transact({"from": sender})
        receipt = w3.eth.wait_for_transaction_receipt(sent)
        assert receipt["status"] == 1
        return int(receipt["gasUsed"])
