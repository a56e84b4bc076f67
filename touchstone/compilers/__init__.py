"""Compilers from ordinary Hugging Face folders to exact programs."""

from touchstone.compilers.bert import compile_bert
from touchstone.compilers.choice import Options, compile_model
from touchstone.compilers.decoder import compile_decoder
from touchstone.compilers.minilm import find_minilm
from touchstone.compilers.mlp import compile_mlp
from touchstone.compilers.report import MatrixError

__all__ = [
    "MatrixError",
    "Options",
    "compile_bert",
    "compile_decoder",
    "compile_mlp",
    "compile_model",
    "find_minilm",
]
