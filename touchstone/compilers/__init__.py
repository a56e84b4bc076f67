"""Compilers from ordinary Hugging Face folders to exact programs."""

from touchstone.compilers.bert import compile_bert
from touchstone.compilers.choice import compile_model
from touchstone.compilers.decoder import compile_decoder
from touchstone.compilers.minilm import find_minilm

__all__ = ["compile_bert", "compile_decoder", "compile_model", "find_minilm"]
