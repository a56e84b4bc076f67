"""What becomes ready while a transaction is on its way joins the next one."""

from threading import Event, Thread
from types import SimpleNamespace

import pytest

from verifier.settling import MOST_AT_ONCE, Settlements


def job(number: int):
    return SimpleNamespace(id=number.to_bytes(32, "big"))


def numbers(batch) -> list[int]:
    return [int.from_bytes(id_, "big") for id_ in batch]


class Chain:
    """Takes batches, and holds the first until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.busy, self.free = Event(), Event()

    def send(self, batch) -> None:
        self.batches.append(numbers(batch))
        self.busy.set()
        assert self.free.wait(10)


def test_a_job_alone_is_settled_at_once():
    chain = Chain()
    chain.free.set()
    Settlements(chain.send).settle(job(1), None)
    assert chain.batches == [[1]]


def test_jobs_that_become_ready_meanwhile_go_together_and_none_twice():
    chain = Chain()
    settlements = Settlements(chain.send)
    first = Thread(target=settlements.settle, args=(job(0), None))
    first.start()
    assert chain.busy.wait(10)
    for _ in range(2):
        for number in range(MOST_AT_ONCE + 4):
            settlements.settle(job(number), None)
    chain.free.set()
    first.join(10)
    assert chain.batches == [
        [0],
        list(range(1, MOST_AT_ONCE + 1)),
        list(range(MOST_AT_ONCE + 1, MOST_AT_ONCE + 4)),
    ]


def test_a_batch_that_fails_blocks_none_after_it():
    def fail(batch):
        raise ConnectionError

    settlements = Settlements(fail)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            settlements.settle(job(1), None)
