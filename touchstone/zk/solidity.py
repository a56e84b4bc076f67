"""The contract that verifies a circuit's proofs: written by ezkl, compiled by our own compiler."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import solcx
from eth_utils.crypto import keccak
from solcx.exceptions import SolcError

from touchstone.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPILER = "0.8.37"
"""The project's version. Another gives other code, and the code's hash is part of the circuit."""

CODE_LIMIT = 24 * 1024
"""Bytes of code that a contract may have (EIP-170)."""

CONTRACT = "Halo2Verifier"
_SETTINGS = {
    "evmVersion": "osaka",
    "optimizer": {"enabled": True, "runs": 1},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "outputSelection": {
        "*": {CONTRACT: ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}
    },
}
_WRAPPER = Path(__file__).with_name("solc.cjs")


@dataclass(frozen=True, slots=True)
class VerifierCode:
    """A compiled verifier.

    Attributes:
        abi: its interface, as JSON.
        bytecode: what deploys it.
        runtime: its code on chain.
    """

    abi: list[dict[str, Any]]
    bytecode: bytes
    runtime: bytes

    @property
    def code_hash(self) -> str:
        """Keccak-256 of the code on chain, as EXTCODEHASH gives it."""
        return "0x" + keccak(self.runtime).hex()


def compile_verifier(source: str) -> VerifierCode:
    """Compiles a verifier.

    Raises:
        CircuitError: there is no compiler of our version, it refuses the source, or the code is
            too large for a chain.
    """
    task = {
        "language": "Solidity",
        "sources": {"verifier.sol": {"content": source}},
        "settings": _SETTINGS,
    }
    try:
        with _compiler() as program:
            output = solcx.compile_standard(task, solc_binary=program)
    except (SolcError, OSError) as error:
        raise CircuitError(f"the verifier does not compile: {error!s:.400}") from error
    built = output["contracts"]["verifier.sol"][CONTRACT]
    code = VerifierCode(
        built["abi"],
        bytes.fromhex(built["evm"]["bytecode"]["object"]),
        bytes.fromhex(built["evm"]["deployedBytecode"]["object"]),
    )
    if len(code.runtime) > CODE_LIMIT:
        raise CircuitError(
            f"the verifier has {len(code.runtime):,} bytes, over {CODE_LIMIT:,}: use fewer columns"
        )
    return code


@contextmanager
def _compiler() -> Iterator[Path]:
    """A native compiler of our version, or else the npm one behind a script."""
    native = shutil.which("solc")
    if native and str(solcx.wrapper.get_solc_version(native)) == COMPILER:
        yield Path(native)
        return
    module = Path(__file__).resolve().parents[2] / "node_modules" / "solc"
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), _path()]))
    if node is None or not module.is_dir():
        raise CircuitError(f"no Solidity compiler {COMPILER}: run scripts/setup, or install solc")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "solc"
        script.write_text(
            f'#!/bin/sh\nTOUCHSTONE_SOLC="{module}" exec "{node}" "{_WRAPPER}" "$@"\n'
        )
        script.chmod(0o700)
        yield script


def _path() -> str:
    return os.environ.get("PATH", os.defpath)
