"""A prover that rounds as it likes: a copy of ezkl in which `round` is `floor`.

What the quotient of a division is, the prover's own code computes; the circuit's constraints only
check it. So changing that code, and nothing else, finds out what the constraints allow.
"""

import json
import shutil
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import touchstone.zk.engine as engine

_SYMBOLS, _JUMP = 2, 0xE9


def make_dishonest(folder: Path) -> Path:
    """Writes the changed copy below a folder, and returns the folder to import it from."""
    package = Path(find_spec("ezkl").origin).parent
    shutil.copytree(package, folder / "ezkl")
    library = folder / "ezkl" / "ezkl.abi3.so"
    code = bytearray(library.read_bytes())
    (place, begin), (_, target) = _function(code, b"round"), _function(code, b"floor")
    code[place : place + 5] = struct.pack("<Bi", _JUMP, target - (begin + 5))
    library.write_bytes(code)
    return folder


def call_dishonest(home: Path, name: str, folder: Path, /, **arguments: object) -> dict:
    """One of the worker's calls, by the changed copy."""
    runs = f"import sys, runpy; sys.path.insert(0, {str(home)!r}); " + (
        f"runpy.run_path({engine._WORKER.as_posix()!r}, run_name='__main__')"
    )
    request = {"call": name, "arguments": arguments, "memory": engine.MEMORY}
    ended = subprocess.run(
        [sys.executable, "-I", "-c", runs],
        cwd=folder,
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout)


def _function(code: bytes, wanted: bytes) -> tuple[int, int]:
    """Where a function stands in the file, and at which address it runs (ELF, 64 bits)."""
    (first,) = struct.unpack_from("<Q", code, 40)
    size, count = struct.unpack_from("<HH", code, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", code, first + i * size) for i in range(count)]
    table = next(section for section in sections if section[1] == _SYMBOLS)
    names = sections[table[6]][4]
    for entry in range(table[4], table[4] + table[5], 24):
        name, _, _, section, address, _ = struct.unpack_from("<IBBHQQ", code, entry)
        if code.startswith(wanted + b"\0", names + name) and address:
            return address - sections[section][3] + sections[section][4], address
    raise LookupError(wanted)
