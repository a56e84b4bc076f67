"""What a verifier remembers of blocks and of ended jobs, so that a reorganisation is made good."""

import pytest

from tests.provider.test_duties import ORDER
from touchstone.chain.trail import Mark
from verifier.store import Store

A, B = b"a" * 32, b"b" * 32
TRAIL = [Mark(1, A), Mark(9, B)]


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "verifier.sqlite", "market")
    store.saw([(A, ORDER, 1), (B, ORDER, 2)], TRAIL)
    return store


def unfinished(store) -> list[bytes]:
    return [job.id for job in store.unfinished()]


def test_blocks_are_remembered_in_their_order(store):
    assert store.trail() == TRAIL
    assert store.checkpoint() == 9
    store.saw([], TRAIL[:1])
    assert store.trail() == TRAIL[:1]


def test_another_market_has_blocks_of_its_own(store, tmp_path):
    other = Store(tmp_path / "verifier.sqlite", "other")
    assert other.trail() == []
    other.saw([], [Mark(3, A)])
    assert store.trail() == TRAIL


def test_a_job_that_ended_after_a_block_that_was_undone_is_unfinished_again(store):
    store.moved(A, "SETTLED", 5)
    store.moved(B, "SETTLED", 6)
    assert unfinished(store) == []
    store.saw([], TRAIL, undone_after=5)
    assert unfinished(store) == [B]


def test_a_job_that_lives_again_is_no_longer_ended(store):
    store.moved(A, "SETTLED", 5)
    store.moved(A, "DRAWN", None)
    assert unfinished(store) == [A, B]
    store.saw([], TRAIL, undone_after=4)
    assert store.job(A).phase == "DRAWN"
