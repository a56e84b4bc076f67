"""The memory keeps its first word."""

import resource
import sqlite3
from contextlib import contextmanager
from dataclasses import replace

import pytest

from provider.records import ClaimRecord, CommitRecord, ShownCommit
from provider.store import Store
from tests.provider.test_duties import ORDER
from touchstone.errors import StoreError

JOB = b"j" * 32
COMMIT = CommitRecord(JOB, b"d" * 32, 0, b"c" * 32, b"s" * 32, b"o" * 32, b"g" * 64)
SHOWN = ShownCommit(JOB, b"d" * 32, 0, 1, b"m" * 32, b"g" * 64)
CLAIM = ClaimRecord(JOB, b"d" * 32, b"t" * 32, b"o" * 32, b"s" * 32, b"g" * 64)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path, "me")
    store.add_job(JOB, ORDER)
    yield store
    store.close()


def test_an_order_survives_writing_and_reading(store):
    assert store.work(JOB).order == ORDER


def test_the_first_commitment_for_a_draw_counts_for_ever(store, tmp_path):
    assert store.keep_commit(COMMIT) == COMMIT
    assert store.keep_commit(replace(COMMIT, commitment=b"x" * 32)) == COMMIT
    store.close()
    again = Store(tmp_path, "me")
    assert again.keep_commit(replace(COMMIT, salt=b"x" * 32)) == COMMIT
    again.close()
    store.__init__(tmp_path, "me")


def test_the_first_claim_for_a_draw_counts_for_ever(store):
    assert store.keep_claim(CLAIM, [SHOWN]) == CLAIM
    assert store.keep_claim(replace(CLAIM, set=b"x" * 32), []) == CLAIM


def test_what_a_claim_answers_is_kept_with_it(store, tmp_path):
    store.keep_claim(CLAIM, [SHOWN])
    store.close()
    store.__init__(tmp_path, "me")
    assert store.shown(JOB) == [SHOWN]


def test_two_commitments_of_a_seat_are_kept_and_no_more(store):
    many = [replace(SHOWN, commitment=bytes([i]) * 32) for i in (1, 1, 2, 3)]
    store.keep_shown(many)
    store.keep_shown([replace(SHOWN, seat=2)])
    assert [(s.seat, s.commitment[0]) for s in store.shown(JOB)] == [(1, 1), (1, 2), (2, ord("m"))]


def test_each_draw_has_its_own_commitment(store):
    second = replace(COMMIT, draw=b"e" * 32, round=1, commitment=b"x" * 32)
    store.keep_commit(COMMIT)
    store.keep_commit(second)
    assert store.newest_commit(JOB) == second


def test_jobs_wait_in_the_order_of_their_inputs_and_are_taken_once(store):
    other = b"k" * 32
    store.add_job(other, ORDER)
    store.queue(other, b"first", b"s" * 32, 3)
    store.queue(JOB, b"second", b"s" * 32, 4)
    assert store.waiting() == [(other, 3), (JOB, 4)]
    assert store.take(JOB)[1] == b"second"
    assert store.take(JOB) is None
    assert store.waiting() == [(other, 3)]
    assert store.queued() == 2


def test_a_second_input_changes_nothing(store):
    store.queue(JOB, b"first", b"s" * 32, 3)
    store.queue(JOB, b"second", b"t" * 32, 3)
    assert store.take(JOB)[1] == b"first"


def test_what_was_running_is_queued_again_after_a_restart(store, tmp_path):
    store.queue(JOB, b"input", b"s" * 32, 3)
    assert store.take(JOB) is not None
    store.close()
    store.__init__(tmp_path, "me")
    assert store.take(JOB)[1] == b"input"


def test_ended_jobs_lose_their_secrets_but_not_their_signatures(store):
    store.queue(JOB, b"input", b"s" * 32, 3)
    store.keep_commit(COMMIT)
    store.end_job(JOB, 1000)
    assert store.take(JOB) is None
    assert store.purge(1000) == 0
    assert store.purge(1001) == 1
    assert store.work(JOB).salt is None
    assert store.commit_of(JOB, b"d" * 32) == COMMIT


def test_jobs_seen_only_after_their_end_are_forgotten_whole(store):
    store.end_job(JOB, 1000)
    assert store.purge(1000) == 0
    assert store.purge(1001) == 1
    assert store.work(JOB) is None


def test_jobs_that_ended_lately_are_looked_at_again_after_a_reorganisation(store):
    store.end_job(JOB, 1000)
    assert store.live() == []
    assert store.live(ended_from=1001) == []
    assert [work.job for work in store.live(ended_from=1000)] == [JOB]


@pytest.fixture
def small_disk():
    """Files cannot grow inside the block, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    @contextmanager
    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return full


def test_what_cannot_be_written_is_said_and_the_store_goes_on_when_there_is_room(store, small_disk):
    with small_disk():
        for _ in range(2):
            with pytest.raises(StoreError, match="make room on its disk"):
                store.keep_commit(COMMIT)
    assert store.commit_of(JOB, b"d" * 32) is None
    assert store.keep_commit(COMMIT) == COMMIT


def test_a_folder_is_for_one_node_at_a_time(store, tmp_path):
    with pytest.raises(StoreError, match="another node runs on"):
        Store(tmp_path, "me")


def test_a_folder_of_another_provider_is_refused(tmp_path):
    Store(tmp_path, "me").close()
    with pytest.raises(StoreError, match="belongs to me, not to you"):
        Store(tmp_path, "you")


def test_a_damaged_data_base_is_not_replaced(tmp_path):
    (tmp_path / "node.sqlite").write_bytes(b"nothing of SQLite" * 1000)
    with pytest.raises(StoreError, match="damaged"):
        Store(tmp_path, "me")


def test_nobody_else_can_read_the_data_base(store, tmp_path):
    assert (tmp_path / "node.sqlite").stat().st_mode & 0o077 == 0
    assert sqlite3.connect(tmp_path / "node.sqlite").close() is None
