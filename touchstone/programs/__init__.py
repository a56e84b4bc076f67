"""Exact programs: what they are, what identifies them, how they are stored and verified."""

from touchstone.programs.encoding import encode, from_json, program_root, to_json
from touchstone.programs.language import Chat, Language
from touchstone.programs.manifest import Manifest, Shard
from touchstone.programs.model import Model, Roots, load_model, load_shard
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
from touchstone.programs.writer import Facts, ModelWriter

__all__ = [
    "SEQUENCE",
    "Chat",
    "Constant",
    "Facts",
    "InputKind",
    "InputSpec",
    "Language",
    "Manifest",
    "Model",
    "ModelWriter",
    "Operator",
    "Program",
    "Roots",
    "Rows",
    "Shape",
    "Shard",
    "encode",
    "from_json",
    "load_model",
    "load_shard",
    "program_root",
    "to_json",
    "tokenize",
    "validate",
]
