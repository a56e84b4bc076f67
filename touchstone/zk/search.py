"""Finds the parameters with which a network is proven soonest, within a bound on the error."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from touchstone.errors import CircuitError, ProverError
from touchstone.zk.admission import admit
from touchstone.zk.commitment import SALT_BYTES, circuit_input
from touchstone.zk.engine import MEMORY, call
from touchstone.zk.field import dequantise, from_hex
from touchstone.zk.network import Floats, Network, salted
from touchstone.zk.parameters import BLINDED, Parameters, candidates, legs_for
from touchstone.zk.ranges import relu_bits
from touchstone.zk.srs import FILE as SRS

if TYPE_CHECKING:
    from collections.abc import Callable

SCALES = range(3, 15)
SAMPLES = 128
"""Samples that the circuit is run on at most, spread over those given."""

SLACK = 1.15
"""Of the candidates that take up to so many times the least, that with the shortest proof is
chosen: differences below this are noise, and a shorter proof costs less gas."""

_WIDTH_BASE = 256
_SALT = bytes(SALT_BYTES)


@dataclass(slots=True)
class Search:
    """One search, with what it knows so far.

    Attributes:
        network: what is to be proven.
        samples: rows of inputs, (rows, size).
        low: least accepted value of each input.
        high: greatest.
        error_bound: largest error of any output on any sample.
        seconds: after which no candidate is begun.
        memory: address space of each call, in bytes.
        say: takes a line of progress.
        logrows: rows that the circuit must have, if a ceremony's file decides.
    """

    network: Network
    samples: Floats
    low: Floats
    high: Floats
    error_bound: float
    seconds: float
    say: Callable[[str], None]
    memory: int = MEMORY
    logrows: int | None = None
    error: float = 0.0
    agreement: float = 0.0
    output_scale: int = 0
    tried: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> Parameters:
        """The best parameters found.

        Raises:
            CircuitError: no scale keeps the bound, or no candidate could be proven.
        """
        ends = time.monotonic() + self.seconds
        input_scale, param_scale = self.find_scales()
        bits = relu_bits(self.network, self.low, self.high, input_scale, param_scale)
        sizes = (
            [self.logrows]
            if self.logrows
            else self.logrows_to_try(
                Parameters(
                    input_scale, param_scale, _WIDTH_BASE, legs_for(bits, _WIDTH_BASE), 15, 2
                )
            )
        )
        proven: list[tuple[float, int, Parameters]] = []
        for candidate in candidates(input_scale, param_scale, bits, sizes):
            if proven and time.monotonic() > ends:
                self.say(f"stopped after {self.seconds:g} s, before the last candidates")
                break
            found = self.measure(candidate)
            if found is not None:
                proven.append((found["processor_seconds"], found["proof_bytes"], candidate))
        if not proven:
            raise CircuitError("no candidate could be proven: allow more memory, or a wider error")
        least = min(worked for worked, _, _ in proven)
        fast = [(size, choice) for worked, size, choice in proven if worked <= SLACK * least]
        return min(fast, key=lambda entry: entry[0])[1]

    def find_scales(self) -> tuple[int, int]:
        """The fewest fraction bits that keep the bound: of both, then of the input alone."""
        for scale in SCALES:
            if self.judge(scale, scale):
                for fewer in range(SCALES.start, scale):
                    if self.judge(fewer, scale):
                        return fewer, scale
                self.judge(scale, scale)
                return scale, scale
        raise CircuitError(
            f"no circuit of up to {SCALES[-1]} fraction bits keeps the error {self.error_bound:g} "
            f"on the samples, the last one has {self.error:.3g}: allow a larger error"
        )

    def judge(self, input_scale: int, param_scale: int) -> bool:
        """Runs the circuit of these scales on the samples, and notes its error."""
        bits = relu_bits(self.network, self.low, self.high, input_scale, param_scale)
        legs = legs_for(bits, _WIDTH_BASE)
        choice = Parameters(input_scale, param_scale, _WIDTH_BASE, legs, 15, 2)
        picked = np.linspace(0, len(self.samples) - 1, min(SAMPLES, len(self.samples)))
        rows = self.samples[picked.astype(int)]
        with tempfile.TemporaryDirectory() as folder:
            built = build(self.network, choice, Path(folder), self.memory)
            inputs = [circuit_input(row, input_scale, _SALT) for row in rows]
            outputs = self.call("witness", folder, inputs=inputs, mock=False)["outputs"]
        self.output_scale = built["model_output_scales"][0]
        found = np.stack([dequantise([*map(from_hex, row)], self.output_scale) for row in outputs])
        wanted = self.network.run(rows)
        self.error = float(np.abs(found - wanted).max())
        self.agreement = float((found.argmax(1) == wanted.argmax(1)).mean())
        kept = self.error <= self.error_bound
        mark = "kept" if kept else "over"
        self.say(
            f"{input_scale} and {param_scale} fraction bits: error {self.error:.3g}, {mark} the "
            f"bound {self.error_bound:g}; same decision on {self.agreement:.1%}"
        )
        return kept

    def logrows_to_try(self, choice: Parameters) -> list[int]:
        """Sizes to try: that which two columns fill, the one below, the one above.

        The hash of the input cannot be split over columns, so it sets the least size.
        """
        with tempfile.TemporaryDirectory() as folder:
            settings = build(self.network, choice, Path(folder), self.memory)
        hashed, rows = settings["module_sizes"]["poseidon"][0], settings["num_rows"]
        least, full = (int(np.ceil(np.log2(count + BLINDED))) for count in (hashed, rows))
        sizes = (max(least, full), max(least, full - 1), max(least, full) + 1)
        return list(dict.fromkeys(sizes))

    def measure(self, candidate: Parameters) -> dict[str, Any] | None:
        """What a proof takes, the better of two; None where it cannot be made."""
        record = asdict(candidate)
        self.tried.append(record)
        try:
            with tempfile.TemporaryDirectory() as folder:
                build(self.network, candidate, Path(folder), self.memory)
                self.call("make_srs", folder, srs=SRS, logrows=candidate.logrows)
                self.call("setup", folder, srs=SRS, compress_selectors=candidate.compress_selectors)
                found = self.prove(
                    folder, circuit_input(self.samples[0], candidate.input_scale, _SALT)
                )
        except ProverError as error:
            record["refused"] = str(error)
            self.say(f"{_named(candidate)}: cannot be proven")
            return None
        record |= found
        self.say(
            f"{_named(candidate)}: {found['processor_seconds']:.2f} processor seconds, "
            f"{found['seconds']:.2f} s"
        )
        return found

    def measure_default(self) -> dict[str, Any]:
        """What ezkl's own calibration proves in: 13 fraction bits or so, with rounding slack.

        The hashed and salted input is the same; everything else is left to ezkl.
        """
        run_args = {
            "input_visibility": "hashed",
            "output_visibility": "public",
            "param_visibility": "fixed",
        }
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            onnx.save(salted(self.network), home / "network.onnx")
            row = [*map(float, self.samples[0]), 1.0, 1.0]
            (home / "samples.json").write_text(f'{{"input_data": [{row}]}}')
            settings = self.call(
                "build",
                folder,
                network="network.onnx",
                run_args=run_args,
                calibrate="samples.json",
            )["settings"]
            chosen = settings["run_args"]
            self.call("make_srs", folder, srs=SRS, logrows=chosen["logrows"])
            self.call("setup", folder, srs=SRS, compress_selectors=True)
            found = self.prove(folder, circuit_input(row[:-2], chosen["input_scale"], _SALT))
        found["logrows"], found["input_scale"] = chosen["logrows"], chosen["input_scale"]
        self.say(
            f"ezkl's calibrated default: {found['processor_seconds']:.2f} processor seconds, "
            f"{found['seconds']:.2f} s"
        )
        return found

    def prove(self, folder: str, inputs: list[str]) -> dict[str, Any]:
        """The better of two proofs: seconds, processor seconds, and the memory they took."""
        found = self.call("prove", folder, folder=folder, srs=SRS, inputs=inputs, rounds=2)
        return {
            "seconds": min(found["seconds"]),
            "processor_seconds": min(found["processor_seconds"]),
            "peak_bytes": found["peak_bytes"],
            "proof_bytes": len(found["proof"]) // 2 - 1,
        }

    def call(self, name: str, folder: str, /, **arguments: Any) -> dict[str, Any]:
        """A call to ezkl in a folder, within this search's memory."""
        return call(name, Path(folder), memory=self.memory, **arguments)


def build(
    network: Network, choice: Parameters, folder: Path, memory: int = MEMORY
) -> dict[str, Any]:
    """Writes network.onnx, settings.json and circuit.ezkl, and returns the settings.

    Raises:
        CircuitError: the circuit could have two outputs for one input.
        ProverError: ezkl refuses the network or the parameters.
    """
    onnx.save(salted(network), folder / "network.onnx")
    built = call("build", folder, memory=memory, network="network.onnx", run_args=choice.run_args())
    admit(built["table"], built["settings"])
    settings: dict[str, Any] = built["settings"]
    return settings


def _named(choice: Parameters) -> str:
    selectors = "shared" if choice.compress_selectors else "own"
    return (
        f"base {choice.decomp_base}, {choice.decomp_legs} digits, {choice.num_inner_cols} columns, "
        f"2^{choice.logrows} rows, {selectors} selectors"
    )
