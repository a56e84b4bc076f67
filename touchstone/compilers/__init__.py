"""Compilers from ordinary Hugging Face folders to exact programs."""

from touchstone.compilers.bert import compile_bert
from touchstone.compilers.minilm import find_minilm

__all__ = ["compile_bert", "find_minilm"]
