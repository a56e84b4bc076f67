"""What a prepared folder is: one JSON file that names every other with its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from touchstone.errors import CircuitError
from touchstone.zk.parameters import Parameters
from touchstone.zk.srs import CEREMONY, LOCAL, sha256_file

if TYPE_CHECKING:
    from pathlib import Path

FILE = "manifest.json"
FORMAT = "touchstone-zk/1"
FILES = (
    "model.onnx",
    "network.onnx",
    "settings.json",
    "circuit.ezkl",
    "vk.key",
    "pk.key",
    "kzg.srs",
    "verifier.sol",
    "verifier.json",
)
SIZE_LIMIT = 2 << 30
_MANIFEST_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """A circuit, its keys and what is known of them.

    Attributes:
        ezkl: version that made the circuit, and that alone proves with it.
        inputs: numbers in an input, without the salt.
        outputs: numbers in an output.
        parameters: of the circuit.
        output_scale: fraction bits of the outputs.
        low: least value of each input that is accepted.
        high: greatest value of each.
        error_bound: the error that the search was held to.
        error: the largest error of an output on any sample.
        samples: how many samples it was measured on.
        agreement: share of the samples where float and circuit have the same largest output.
        srs: `ceremony`, or `insecure-local`.
        verifier_code_hash: Keccak-256 of the verifier's code on chain.
        verifier_size: bytes of that code.
        files: SHA-256 by file name.
        sizes: bytes by file name.
        search: what was measured to choose the parameters.
    """

    ezkl: str
    inputs: int
    outputs: int
    parameters: Parameters
    output_scale: int
    low: tuple[float, ...]
    high: tuple[float, ...]
    error_bound: float
    error: float
    samples: int
    agreement: float
    srs: str
    verifier_code_hash: str
    verifier_size: int
    files: dict[str, str]
    sizes: dict[str, int]
    search: dict[str, Any]

    @property
    def digest(self) -> str:
        """What identifies model and circuit: verifying key, settings and verifier code."""
        parts = (self.files["vk.key"], self.files["settings.json"], self.verifier_code_hash)
        return "0x" + hashlib.sha256("\0".join((FORMAT, *parts)).encode()).hexdigest()

    @property
    def secure(self) -> bool:
        """Whether the reference string is a ceremony's. Otherwise only for development chains."""
        return self.srs == CEREMONY

    def to_json(self) -> str:
        """The file's text."""
        data = {"format": FORMAT, "digest": self.digest} | asdict(self)
        return json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Reads the file's text.

        Raises:
            CircuitError: it is of another format, or its digest is not that of its parts.
        """
        try:
            data = json.loads(text)
            form, digest = data.pop("format"), data.pop("digest")
            data["parameters"] = Parameters(**data["parameters"])
            data["low"], data["high"] = tuple(data["low"]), tuple(data["high"])
            manifest = cls(**data)
            whole = (
                len(manifest.low) == len(manifest.high) == manifest.inputs
                and set(manifest.files) == set(manifest.sizes) == set(FILES)
                and manifest.srs in (LOCAL, CEREMONY)
            )
            if form != FORMAT or digest != manifest.digest or not whole:
                raise ValueError("its parts do not belong together")
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise CircuitError(f"{FILE} is no manifest of a circuit: {error}") from error
        return manifest


def read_manifest(folder: Path) -> Manifest:
    """Reads a folder's manifest, and checks that every file is the one it names.

    Raises:
        CircuitError: a file is missing, or is another; with its name.
    """
    try:
        if (folder / FILE).stat().st_size > _MANIFEST_LIMIT:
            raise CircuitError(f"{folder / FILE} is over {_MANIFEST_LIMIT >> 20} MiB")
        manifest = Manifest.from_json((folder / FILE).read_text())
        for name in FILES:
            size = (folder / name).stat().st_size
            if size != manifest.sizes[name] or size > SIZE_LIMIT:
                raise CircuitError(
                    f"{folder / name} has {size:,} bytes, not {manifest.sizes[name]:,}"
                )
            if sha256_file(folder / name) != manifest.files[name]:
                raise CircuitError(f"{folder / name} is not the file that the manifest names")
    except (OSError, UnicodeDecodeError) as error:
        raise CircuitError(f"{folder} is not a prepared circuit: {error}") from error
    return manifest
