"""Prove with a prepared circuit, and verify a proof without a chain."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from touchstone.errors import CircuitError, InputRangeError, ProofError
from touchstone.zk.commitment import circuit_input
from touchstone.zk.engine import GIB, MEMORY, TIMEOUT_S, call
from touchstone.zk.field import MODULUS, dequantise, from_hex, to_hex
from touchstone.zk.manifest import Manifest, read_manifest
from touchstone.zk.srs import FILE as SRS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

PROOF_LIMIT = 64 << 10
"""Bytes of a proof that are looked at."""

VERIFY_MEMORY = 4 * GIB
VERIFY_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof and what it is about.

    Attributes:
        data: the proof's bytes, as the verifier contract takes them.
        instances: the public field elements: the input's commitment, then the outputs.
    """

    data: bytes
    instances: tuple[int, ...]

    @property
    def commitment(self) -> int:
        """The input's commitment."""
        return self.instances[0]

    def to_json(self) -> str:
        """A file's text: hexadecimal, most significant digit first."""
        instances = [f"0x{number:064x}" for number in self.instances]
        return json.dumps({"proof": "0x" + self.data.hex(), "instances": instances}) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Proof:
        """Reads a file's text.

        Raises:
            ProofError: it is not of that form, too long, or an instance is not below the modulus.
        """
        if len(text) > 4 * PROOF_LIMIT:
            raise ProofError(f"a proof has up to {PROOF_LIMIT:,} bytes")
        try:
            data = json.loads(text)
            found = cls(
                bytes.fromhex(data["proof"].removeprefix("0x")),
                tuple(int(number, 16) for number in data["instances"]),
            )
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ProofError(f"this is no proof: {error}") from error
        found.check()
        return found

    def check(self) -> None:
        """Whether the numbers can be those of a proof.

        Raises:
            ProofError: a size or an instance is out of bounds.
        """
        if not 0 < len(self.data) <= PROOF_LIMIT:
            raise ProofError(f"a proof has up to {PROOF_LIMIT:,} bytes, not {len(self.data):,}")
        for number in self.instances:
            if not 0 <= number < MODULUS:
                raise ProofError(f"the instance {number} is not below the field's modulus")


class Circuit:
    """A prepared folder, checked file by file when it is opened.

    Attributes:
        folder: where it lies.
        manifest: what it is.
    """

    def __init__(self, folder: Path | str, digest: str | None = None) -> None:
        """Opens a folder.

        Args:
            folder: what `prepare` made.
            digest: the circuit digest that it has to have; None takes any.

        Raises:
            CircuitError: a file is missing or not the one named, or the digest is another.
        """
        self.folder = Path(folder).absolute()
        self.manifest: Manifest = read_manifest(self.folder)
        if digest is not None and digest != self.manifest.digest:
            raise CircuitError(
                f"{folder} holds the circuit {self.manifest.digest}, not {digest}: prepare or "
                "fetch the one that is registered"
            )

    def check_values(self, values: ArrayLike) -> NDArray[np.float64]:
        """An input as float64 values, each within the circuit's range.

        Raises:
            InputRangeError: their number is another, or a value is outside; with the range.
        """
        found = np.asarray(values, np.float64).ravel()
        manifest = self.manifest
        if len(found) != manifest.inputs:
            raise InputRangeError(f"an input has {manifest.inputs} values, not {len(found)}")
        for index, value in enumerate(found):
            low, high = manifest.low[index], manifest.high[index]
            if not low <= value <= high:  # NaN too is outside
                raise InputRangeError(
                    f"value {index} is {value:g}, outside the range [{low:g}, {high:g}] that the "
                    "circuit was prepared for: it is not proven"
                )
        return found

    def outputs(self, proof: Proof) -> NDArray[np.float64]:
        """The outputs that a proof shows, as real numbers."""
        return dequantise(proof.instances[1:], self.manifest.output_scale)

    def prove(
        self,
        values: ArrayLike,
        salt: bytes,
        *,
        memory: int = MEMORY,
        timeout: float = TIMEOUT_S,
    ) -> Proof:
        """Proves what the model gives for an input.

        Args:
            values: the input's numbers.
            salt: the job's, 30 bytes.
            memory: address space the prover may take, in bytes.
            timeout: seconds it may take.

        Raises:
            InputRangeError: the input or the salt does not fit; nothing was started.
            ProverError: the prover crashed, or ran out of memory or time.
        """
        checked = self.check_values(values)
        inputs = circuit_input(checked, self.manifest.parameters.input_scale, salt)
        # Witness and input lie in the temporary folder, which nobody else can read.
        with tempfile.TemporaryDirectory(prefix="touchstone-zk-") as folder:
            answer = call(
                "prove",
                Path(folder),
                memory=memory,
                timeout=timeout,
                folder=str(self.folder),
                srs=SRS,
                inputs=inputs,
            )
        instances = tuple(from_hex(text) for text in answer["instances"])
        return Proof(bytes.fromhex(answer["proof"].removeprefix("0x")), instances)

    def verify(self, proof: Proof, commitment: int | None = None) -> bool:
        """Whether a proof holds, checked as the chain would, in a process of its own.

        Args:
            proof: from anybody.
            commitment: of the input that was ordered; None leaves it open.

        Raises:
            ProofError: a size or an instance is out of bounds.
            ProverError: the verifying process crashed.
        """
        proof.check()
        if len(proof.instances) != 1 + self.manifest.outputs:
            raise ProofError(
                f"a proof of this circuit has {1 + self.manifest.outputs} instances, not "
                f"{len(proof.instances)}"
            )
        if commitment is not None and proof.commitment != commitment:
            return False
        written = {
            "protocol": None,
            "instances": [[to_hex(number) for number in proof.instances]],
            "proof": list(proof.data),
            "hex_proof": None,
            "split": None,
            "pretty_public_inputs": None,
            "timestamp": None,
            "version": None,
        }
        with tempfile.TemporaryDirectory(prefix="touchstone-zk-") as folder:
            answer = call(
                "verify",
                Path(folder),
                memory=VERIFY_MEMORY,
                timeout=VERIFY_TIMEOUT_S,
                folder=str(self.folder),
                srs=SRS,
                proof=written,
            )
        return bool(answer["holds"])
