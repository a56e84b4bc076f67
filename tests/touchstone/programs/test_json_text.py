from __future__ import annotations

import sys

import pytest

from touchstone.programs.json_text import MOST_DEPTH, parse_json


def test_a_file_of_brackets_is_refused_whatever_the_recursion_limit() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        for bomb in (b"[" * 10**6, b'{"a":' * 10**6):
            with pytest.raises(ValueError, match="nested deeper"):
                parse_json(bomb)
    finally:
        sys.setrecursionlimit(before)


def test_brackets_in_strings_and_in_a_row_nest_nothing() -> None:
    assert parse_json(b'["[[[\\"[' + b"[" * 99 + b'"]') == ['[[["[' + "[" * 99]
    assert parse_json(b"[" + b"[]," * 999 + b"[]]") == [[]] * 1000
    assert parse_json(b"[" * MOST_DEPTH + b"]" * MOST_DEPTH)
