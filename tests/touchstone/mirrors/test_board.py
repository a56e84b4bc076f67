from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.mirrors.board import Board, spoken


@given(
    pieces=st.sets(st.integers(0, 40)),
    bad=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 40))),
    picks=st.lists(st.integers(0, 3), max_size=300),
)
def test_each_piece_comes_once_from_a_mirror_that_has_not_failed_it(pieces, bad, picks) -> None:
    board, came, asked = Board(sorted(pieces)), [], []
    for mirror in [*picks, *(4 * len(pieces) * [0, 1, 2, 3])]:
        piece = board.take(mirror)
        if piece is None:
            continue
        assert (mirror, piece) not in asked
        asked.append((mirror, piece))
        if (mirror, piece) in bad:
            board.failed(piece, mirror)
        else:
            came.append(piece)
            board.came(piece)
    lost = {p for p in pieces if all((mirror, p) in bad for mirror in range(4))}
    assert sorted(came) == sorted(pieces - lost)
    assert board.missing == sorted(lost)
    assert board.done == (not lost)
    assert all(board.hopeless(mirror) for mirror in range(4))


def test_a_mirror_waits_while_another_may_fail() -> None:
    board = Board([7])
    assert board.take("one") == 7
    assert board.take("two") is None
    assert not board.hopeless("two")
    board.failed(7)
    assert board.take("two") == 7
    board.came(7)
    assert board.hopeless("two")


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([3], "3"),
        ([0, 1, 2], "0 to 2"),
        ([2, 5, 6, 7, 14], "2, 5 to 7 and 14"),
        (list(range(0, 20, 2)), "0, 2, 4, 6, 8, 10 and 4 more"),
    ],
)
def test_numbers_are_spoken_in_runs(pieces, words) -> None:
    assert spoken(pieces) == words
