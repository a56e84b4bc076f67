"""Nothing that happened on chain is lost when the chain stops answering in between."""

from types import SimpleNamespace

import pytest

from provider.watcher import REWIND_BLOCKS, Watcher
from touchstone.protocol.jobs import Clock

JOB = b"j" * 32


def event(block: int, block_hash: bytes = b"h" * 32):
    return {
        "event": "Drawn",
        "args": {"job": JOB},
        "blockHash": block_hash,
        "blockNumber": block,
        "logIndex": 0,
    }


class FakeBook:
    """The chain and the store, as far as a watcher looks at them."""

    def __init__(self) -> None:
        self.clock = Clock(100, 1000)
        self.log = [event(100)]
        self.ranges: list[tuple[int, int]] = []
        self.refreshed = 0
        self.down = False
        self.meta: dict[str, str] = {"checkpoint": "90"}
        self.market = SimpleNamespace(events=self.events)
        self.store = SimpleNamespace(
            work=lambda _: SimpleNamespace(order=None),
            meta=self.meta.get,
            set_meta=self.meta.__setitem__,
        )

    def look_at_clock(self) -> Clock:
        return self.clock

    def events(self, first, last, names):
        self.ranges.append((first, last))
        return [e for e in self.log if first <= e["blockNumber"] <= last]

    def refresh(self, job, order) -> None:
        if self.down:
            raise ConnectionError
        self.refreshed += 1


@pytest.fixture
def book():
    return FakeBook()


@pytest.fixture
def watcher(book):
    return Watcher(book, None, 7, 1.0, 1)


def test_events_are_read_again_when_a_look_failed(book, watcher):
    book.down = True
    with pytest.raises(ConnectionError):
        watcher.catch_up()
    assert book.meta["checkpoint"] == "90"
    book.down = False
    watcher.catch_up()
    assert (book.refreshed, book.meta["checkpoint"]) == (1, "100")


def test_an_event_is_handled_once_although_blocks_are_read_again(book, watcher):
    watcher.catch_up()
    book.clock = Clock(101, 1001)
    watcher.catch_up()
    assert book.ranges == [(90 - REWIND_BLOCKS, 100), (100 - REWIND_BLOCKS, 101)]
    assert book.refreshed == 1


def test_an_event_in_a_block_that_was_replaced_is_handled_anew(book, watcher):
    watcher.catch_up()
    book.clock = Clock(101, 1001)
    book.log = [event(100, b"other hash" + b"h" * 22)]
    watcher.catch_up()
    assert book.refreshed == 2


def test_nothing_is_read_while_no_block_is_new(book, watcher):
    watcher.catch_up()
    watcher.catch_up()
    assert len(book.ranges) == 1


def test_a_new_data_base_starts_no_earlier_than_the_deployment(book, watcher):
    del book.meta["checkpoint"]
    watcher.catch_up()
    assert book.ranges[0][0] == 7
