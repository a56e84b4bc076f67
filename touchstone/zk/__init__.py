"""Zero-knowledge jobs: circuits made of small networks, their proofs, and what checks them.

A requester publishes `input_commitment(values, salt, scale)`, a prover shows with a `Proof` that
the model gives these outputs for the committed input, and anyone verifies it, on chain or off.
"""

from touchstone.zk.commitment import input_commitment, new_salt
from touchstone.zk.manifest import Manifest
from touchstone.zk.parameters import Parameters
from touchstone.zk.prepare import prepare, read_samples
from touchstone.zk.proving import Circuit, Proof
from touchstone.zk.srs import Ceremony

__all__ = [
    "Ceremony",
    "Circuit",
    "Manifest",
    "Parameters",
    "Proof",
    "input_commitment",
    "new_salt",
    "prepare",
    "read_samples",
]
