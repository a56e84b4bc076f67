"""What runs ezkl: a process of its own, since a Rust panic or a lack of memory must end only that.

It is started by its path and imports nothing of Touchstone, so that it is up at once. It reads one
JSON request on standard input, `{"call": NAME, "arguments": {...}, "memory": BYTES}`, and answers
with one JSON object. Paths are relative to the folder that it is started in.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ezkl

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Answers one request."""
    request = json.loads(sys.stdin.read())
    # ezkl prints on standard output; the answer alone belongs there.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
    answer = CALLS[request["call"]](**request["arguments"])
    answer["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    json.dump(answer, answers)
    answers.flush()
    # ezkl's threads outlive its calls, and have crashed a Python that ended in good order.
    os._exit(0)


def build(network: str, run_args: dict[str, Any], calibrate: str | None = None) -> dict[str, Any]:
    """Settings and circuit of a network. With `calibrate`, a data file, ezkl chooses the rest."""
    arguments = ezkl.PyRunArgs()
    for name, value in run_args.items():
        setattr(arguments, name, tuple(value) if isinstance(value, list) else value)
    ezkl.gen_settings(network, "settings.json", arguments)
    if calibrate is not None:
        ezkl.calibrate_settings(
            calibrate, network, "settings.json", "resources", 2.0, None, [1], None
        )
    settings = json.loads(Path("settings.json").read_text())
    # The same circuit has the same settings, whenever and wherever it was made.
    settings["timestamp"] = 0
    settings["einsum_params"]["equations"].sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    Path("settings.json").write_text(json.dumps(settings, sort_keys=True, indent=1) + "\n")
    ezkl.compile_circuit(network, "circuit.ezkl", "settings.json")
    return {"settings": settings, "table": ezkl.table(network, arguments)}


def witness(inputs: list[list[str]], mock: bool) -> dict[str, Any]:
    """The outputs of each input, as ezkl computes them; `mock` checks every constraint too."""
    outputs = []
    for row in inputs:
        found = _witness(row)
        if mock and not ezkl.mock("witness.json", "circuit.ezkl"):
            raise SystemExit("the circuit refuses a witness of its own")
        outputs.append(found["outputs"][0])
    return {"outputs": outputs}


def setup(srs: str, compress_selectors: bool) -> dict[str, Any]:
    """Makes vk.key and pk.key."""
    ezkl.setup("circuit.ezkl", "vk.key", "pk.key", srs, None, not compress_selectors)
    return {}


def prove(folder: str, srs: str, inputs: list[str], rounds: int = 1) -> dict[str, Any]:
    """A proof, and the time that the proving itself took in each round."""
    home = Path(folder)
    _witness(inputs, str(home / "circuit.ezkl"))
    taken, worked, found = [], [], {}
    for _ in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        found = ezkl.prove(
            "witness.json",
            str(home / "circuit.ezkl"),
            str(home / "pk.key"),
            "proof.json",
            str(home / srs),
        )
        taken.append(time.perf_counter() - began)
        worked.append(time.process_time() - busy)
    return {
        "proof": found["proof"],
        "instances": found["instances"][0],
        "seconds": taken,
        "processor_seconds": worked,
    }


def verify(folder: str, srs: str, proof: dict[str, Any]) -> dict[str, Any]:
    """Whether the proof holds. A malformed proof is an error of ezkl's, and does not hold."""
    home = Path(folder)
    Path("proof.json").write_text(json.dumps(proof))
    settings, key = str(home / "settings.json"), str(home / "vk.key")
    try:
        return {
            "holds": bool(ezkl.verify("proof.json", settings, key, str(home / srs), False)),
            "reason": "",
        }
    except RuntimeError as error:
        return {"holds": False, "reason": str(error)}


def make_srs(srs: str, logrows: int) -> dict[str, Any]:
    """A reference string whose secret this process knew: for development only."""
    ezkl.gen_srs(srs, logrows)
    return {}


def solidity(srs: str) -> dict[str, Any]:
    """Writes verifier.sol. ezkl then looks for a compiler of its own, which it need not find."""

    async def make() -> None:
        await ezkl.create_evm_verifier(
            "vk.key", "settings.json", "verifier.sol", "verifier.abi", srs, False
        )

    try:
        asyncio.run(make())
    except RuntimeError as error:
        if not Path("verifier.sol").is_file():
            raise SystemExit(f"no verifier was written: {error}") from error
    return {}


def _witness(row: list[str], circuit: str = "circuit.ezkl") -> Any:
    Path("input.json").write_text(json.dumps({"input_data": [row]}))
    return ezkl.gen_witness("input.json", circuit, "witness.json", None, None)


CALLS: dict[str, Callable[..., dict[str, Any]]] = {
    "build": build,
    "witness": witness,
    "setup": setup,
    "prove": prove,
    "verify": verify,
    "make_srs": make_srs,
    "solidity": solidity,
}

if __name__ == "__main__":
    main()
