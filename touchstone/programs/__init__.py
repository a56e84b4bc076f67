"""Exact programs: what they are, what identifies them, how they are stored and verified."""

from touchstone.programs.encoding import encode, from_json, program_root, to_json
from touchstone.programs.manifest import Manifest, Shard
from touchstone.programs.model import Model, Roots, load_model, save_model
from touchstone.programs.program import (
    SEQUENCE,
    Constant,
    InputKind,
    InputSpec,
    Operator,
    Program,
    Rows,
    Shape,
)
from touchstone.programs.tokens import tokenize
from touchstone.programs.validate import validate

__all__ = [
    "SEQUENCE",
    "Constant",
    "InputKind",
    "InputSpec",
    "Manifest",
    "Model",
    "Operator",
    "Program",
    "Roots",
    "Rows",
    "Shape",
    "Shard",
    "encode",
    "from_json",
    "load_model",
    "program_root",
    "save_model",
    "to_json",
    "tokenize",
    "validate",
]
