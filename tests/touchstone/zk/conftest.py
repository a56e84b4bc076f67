"""One prepared circuit and one proof, which the tests share: both take seconds."""

import fcntl
import os
from pathlib import Path

import numpy as np
import pytest

from touchstone.zk import Circuit, Parameters, prepare, read_samples

MODEL = Path(__file__).parents[3] / "models" / "diagnosis"
PARAMETERS = Parameters(8, 8, 1024, 3, 11, 1)
SALT = bytes(range(30))


@pytest.fixture(scope="session")
def samples() -> np.ndarray:
    return read_samples(MODEL / "samples.npy")


@pytest.fixture(scope="session")
def circuit(tmp_path_factory, samples) -> Circuit:
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "zk.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        out = shared / "zk-diagnosis"
        if not out.exists():
            prepare(MODEL / "model.onnx", samples, out, parameters=PARAMETERS, compare=False)
    return Circuit(out)


@pytest.fixture(scope="session")
def proof(circuit, samples):
    return circuit.prove(samples[0], SALT)
