"""From an ONNX network and samples to a folder with circuit, keys and verifier."""

from __future__ import annotations

import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from touchstone.errors import CircuitError, InputRangeError
from touchstone.zk import manifest as manifests
from touchstone.zk.engine import MEMORY, call
from touchstone.zk.manifest import FILES, Manifest
from touchstone.zk.network import read_network
from touchstone.zk.search import Search, build
from touchstone.zk.solidity import compile_verifier
from touchstone.zk.srs import FILE as SRS
from touchstone.zk.srs import Ceremony, place, sha256_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from touchstone.zk.parameters import Parameters

ERROR_BOUND = 0.05
SECONDS = 120.0
MARGIN = 0.25
"""Share of a value's range in the samples by which the accepted range is wider at each end."""

_SAMPLES_LIMIT = 256 << 20


def read_samples(path: Path) -> NDArray[np.float64]:
    """Rows of inputs from a .npy file (no pickles) or a JSON list of lists.

    Raises:
        InputRangeError: it is neither, or over 256 MiB.
    """
    try:
        if path.stat().st_size > _SAMPLES_LIMIT:
            raise InputRangeError(f"{path} is over {_SAMPLES_LIMIT >> 20} MiB")
        if path.suffix == ".npy":
            # Mapped, so that a header cannot claim more than the file holds.
            found = np.load(path, mmap_mode="r", allow_pickle=False)
        else:
            found = json.loads(path.read_text())
        rows = np.asarray(found, np.float64)
    except (OSError, RecursionError, TypeError, ValueError) as error:
        raise InputRangeError(f"{path} holds no samples: {error}") from error
    return rows.reshape(len(rows), -1) if rows.ndim > 2 else rows


def prepare(
    model: Path,
    samples: NDArray[np.float64],
    out: Path,
    *,
    error_bound: float = ERROR_BOUND,
    ceremony: Ceremony | None = None,
    parameters: Parameters | None = None,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    compare: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Makes a circuit of a network, with its keys and its verifier.

    Args:
        model: an ONNX file with one input and one output.
        samples: rows of real inputs, (rows, size): they set the error and the accepted range.
        out: the folder to make; it must not exist.
        error_bound: largest error of any output on any sample, in the output's unit.
        ceremony: the reference string to use; None makes an insecure one for development.
        parameters: those of an earlier search, used as they are; None searches.
        seconds: after which the search begins no further candidate.
        memory: address space of each call to ezkl, in bytes.
        compare: also measure what ezkl's calibrated default takes.
        say: takes a line of progress.

    Raises:
        CircuitError: the network cannot be a circuit, or `out` exists.
        InputRangeError: the samples do not fit the network.
        SrsError: the ceremony's file is not the one that was asked for.
        ProverError: ezkl failed.
    """
    if out.exists():
        raise CircuitError(f"{out} exists already: name another folder")
    rows = ceremony.check() if ceremony is not None else None
    network = read_network(model)
    network.check_rows(samples)
    low, high = accepted_range(samples)
    search = Search(
        network, samples, low, high, error_bound, seconds, say, memory=memory, logrows=rows
    )
    if parameters is None:
        parameters = search.run()
    kept = search.judge(parameters.input_scale, parameters.param_scale)
    if not kept:
        raise CircuitError(f"these parameters have the error {search.error:.3g}, over the bound")
    default = search.measure_default() if compare else None

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        folder = Path(temporary) / "made"
        folder.mkdir()
        onnx.save(network.proto, folder / "model.onnx")
        settings = build(network, parameters, folder, memory)
        say("making the keys")
        kind = place(ceremony, parameters.logrows, folder)
        selectors = parameters.compress_selectors
        call("setup", folder, memory=memory, srs=SRS, compress_selectors=selectors)
        say("compiling the verifier")
        call("solidity", folder, memory=memory, srs=SRS)
        code = compile_verifier((folder / "verifier.sol").read_text())
        compiled: dict[str, Any] = {"abi": code.abi, "bytecode": "0x" + code.bytecode.hex()}
        (folder / "verifier.json").write_text(json.dumps(compiled, sort_keys=True) + "\n")
        made = Manifest(
            ezkl=version("ezkl"),
            inputs=network.size,
            outputs=network.outputs,
            parameters=parameters,
            output_scale=settings["model_output_scales"][0],
            low=tuple(map(float, low)),
            high=tuple(map(float, high)),
            error_bound=error_bound,
            error=search.error,
            samples=len(samples),
            agreement=search.agreement,
            srs=kind,
            verifier_code_hash=code.code_hash,
            verifier_size=len(code.runtime),
            files={name: sha256_file(folder / name) for name in FILES},
            sizes={name: (folder / name).stat().st_size for name in FILES},
            search={"tried": search.tried, "default": default},
        )
        (folder / manifests.FILE).write_text(made.to_json())
        for path in folder.iterdir():
            if path.name not in (*FILES, manifests.FILE):
                path.unlink()
        folder.rename(out)
    return made


def accepted_range(
    samples: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and the greatest value of each input: those of the samples, with a margin."""
    low, high = samples.min(axis=0), samples.max(axis=0)
    margin = MARGIN * (high - low)
    return low - margin, high + margin
