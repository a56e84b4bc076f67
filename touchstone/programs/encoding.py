"""The bytes that give a program its root, and the JSON that people read.

The bytes are records of 1,024: a header, then one record per operator. A record is 32 big-endian
256-bit words, negative numbers in two's complement:

    header    0 tag | 1 input kind | 2 input width | 3 greatest length | 4 operators | 5 output
              6 causal
    operator  0 opcode | 1..4 operands | 5..12 attributes, in the rule's order
              13 rows | 14 groups | 15 width of the output
              16..23 up to four constants: (axes << 96 | element bytes << 64 | d0 << 32 | d1), root
              24..25 label, ASCII, zeros behind it

Words not used are zero; the opcode says how many are used. Rows are 0 for one row and 1 for one
row per position; a width of 0 is the sequence's length.

Record v is the Merkle chunks 4v to 4v + 3, of eight words each, so that a referee opens an operator
without the label, without constants where it reads none, and of an operand its shape alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from touchstone.errors import ProgramError
from touchstone.programs.json_text import parse_json, read_int
from touchstone.programs.program import (
    DTYPE_BYTES,
    Constant,
    InputKind,
    InputSpec,
    Operator,
    Program,
    Shape,
)
from touchstone.programs.rules import rule_of
from touchstone.programs.validate import validate
from touchstone.protocol.merkle import CHUNK, merkle_root

FORMAT = "touchstone-program/1"
RECORD = 1024
"""Bytes of a record."""

_CHUNKS = RECORD // CHUNK
_TAG = int.from_bytes(FORMAT.encode().ljust(32, b"\0"), "big")
_MASK = (1 << 256) - 1


def program_root(program: Program) -> bytes:
    """Identity of a program: Merkle root of its records. Raises ProgramError if malformed."""
    return merkle_root(encode(program))


def encode(program: Program) -> bytes:
    """The program's records, 1,024 bytes each. Raises ProgramError if malformed."""
    shapes = validate(program)
    header = [
        _TAG,
        int(program.input.kind),
        program.input.width,
        program.input.max_length,
        len(program.operators),
        program.output,
        int(program.input.causal),
    ]
    records = [_record(header)]
    for operator, shape in zip(program.operators, shapes[1:], strict=True):
        records.append(_record(_operator_words(operator, shape)))
    return b"".join(records)


def shape_chunk(value: int) -> int:
    """The chunk of the records that says how large a value is; the header's for the input."""
    return _CHUNKS * value + 1 if value else 0


def operator_chunks(value: int, constants: bool) -> range:
    """The chunks of the record of an operator, without its label; constants only if wanted."""
    return range(_CHUNKS * value, _CHUNKS * value + (3 if constants else 2))


def _record(words: list[int]) -> bytes:
    return b"".join((word & _MASK).to_bytes(32, "big") for word in words).ljust(RECORD, b"\0")


def _operator_words(operator: Operator, shape: Shape) -> list[int]:
    rule = rule_of(operator)
    words = [rule.opcode, *_filled(list(operator.inputs), 4)]
    words += _filled([operator.attributes[attribute.name] for attribute in rule.attributes], 8)
    words += [int(shape.rows), shape.groups, shape.width]
    constants: list[int] = []
    for constant in operator.constants:
        constants += [_constant_word(constant), int.from_bytes(constant.root, "big")]
    words += _filled(constants, 8)
    label = operator.label.encode("ascii").ljust(64, b"\0")
    return [*words, int.from_bytes(label[:32], "big"), int.from_bytes(label[32:], "big")]


def _constant_word(constant: Constant) -> int:
    extents = (*constant.shape, 0)[:2]
    element_bytes = DTYPE_BYTES[constant.dtype]
    return len(constant.shape) << 96 | element_bytes << 64 | extents[0] << 32 | extents[1]


def _filled(words: list[int], size: int) -> list[int]:
    return words + [0] * (size - len(words))


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, ASCII only: one spelling for one value."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return text.encode("ascii")


def to_json(program: Program) -> bytes:
    """The program as canonical JSON."""
    operators = [
        {
            "op": operator.op,
            "label": operator.label,
            "inputs": list(operator.inputs),
            "attributes": dict(operator.attributes),
            "constants": [
                {"dtype": c.dtype, "shape": list(c.shape), "root": c.root.hex()}
                for c in operator.constants
            ],
        }
        for operator in program.operators
    ]
    spec = program.input
    causal = {"causal": True} if spec.causal else {}
    return canonical_json(
        {
            "format": FORMAT,
            "input": {
                "kind": spec.kind.name.lower(),
                "width": spec.width,
                "max_length": spec.max_length,
                **causal,
            },
            "operators": operators,
            "output": program.output,
        }
    )


def from_json(data: bytes) -> Program:
    """The program written in `data`; raises ProgramError unless it is canonical and valid."""
    try:
        program = _read_program(parse_json(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProgramError(f"not a {FORMAT} program: {type(error).__name__} {error}") from None
    validate(program)
    if to_json(program) != data:
        raise ProgramError("the program's JSON is not in canonical form")
    return program


def _read_program(raw: Mapping[str, Any]) -> Program:
    if raw["format"] != FORMAT:
        raise ProgramError(f"format {raw['format']!r} is not {FORMAT!r}")
    spec = raw["input"]
    return Program(
        input=InputSpec(
            kind=InputKind[spec["kind"].upper()],
            width=read_int(spec["width"]),
            max_length=read_int(spec["max_length"]),
            causal=spec.get("causal", False) is True,
        ),
        operators=tuple(_read_operator(operator) for operator in raw["operators"]),
        output=read_int(raw["output"]),
    )


def _read_operator(raw: Mapping[str, Any]) -> Operator:
    constants = tuple(
        Constant(
            c["dtype"], tuple(read_int(extent) for extent in c["shape"]), bytes.fromhex(c["root"])
        )
        for c in raw["constants"]
    )
    return Operator(
        op=str(raw["op"]),
        label=str(raw["label"]),
        inputs=tuple(read_int(operand) for operand in raw["inputs"]),
        constants=constants,
        attributes={str(k): read_int(v) for k, v in raw["attributes"].items()},
    )
