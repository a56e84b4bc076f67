"""The programs that an explorer is given: operators have names there, the chain has only roots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.errors import ExplorerError, ProgramError
from touchstone.programs.encoding import from_json, program_root
from touchstone.programs.model import PROGRAM, TEXT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from touchstone.programs.program import Operator


def operator_names(folders: Iterable[Path]) -> dict[str, tuple[str, ...]]:
    """Names of the operators of the programs in these model folders, by program root.

    Raises:
        ExplorerError: a folder holds no program.
    """
    found = {}
    for folder in folders:
        path = folder / PROGRAM
        try:
            if path.stat().st_size > TEXT_LIMIT:
                raise ExplorerError(f"{path} is larger than {TEXT_LIMIT} bytes")
            program = from_json(path.read_bytes())
            root = program_root(program)
        except (OSError, ProgramError) as error:
            raise ExplorerError(f"{path} is no program that can be read: {error}") from error
        found["0x" + root.hex()] = tuple(_name(operator) for operator in program.operators)
    return found


def _name(operator: Operator) -> str:
    return f"{operator.op}, {operator.label}" if operator.label else operator.op
