"""Nothing that happened on chain is lost when the chain stops answering in between."""

from types import SimpleNamespace

import pytest

from provider.unseen import REWIND_BLOCKS
from provider.watcher import Watcher
from touchstone.chain.trail import Look, Mark
from touchstone.protocol.jobs import Clock

JOB = b"j" * 32


def hash_at(block: int) -> bytes:
    return block.to_bytes(32, "big")


def look_at(block: int, **how) -> Look:
    found = {"since": block, "behind": False, "branched": False, **how}
    return Look(Mark(block, hash_at(block)), 1000 + block, **found)


def event(block: int, block_hash: bytes = b"h" * 32):
    return {
        "event": "Drawn",
        "args": {"job": JOB},
        "blockHash": block_hash,
        "blockNumber": block,
        "logIndex": 0,
    }


class FakeTrail:
    def __init__(self) -> None:
        self.marks = [Mark(7, hash_at(7)), Mark(90, hash_at(90))]

    def saw(self, look) -> None:
        self.marks.append(look.head)


class FakeBook:
    """The chain and the store, as far as a watcher looks at them."""

    def __init__(self) -> None:
        self.clock = Clock(100, 1000)
        self.log = [event(100)]
        self.ranges: list[tuple[int, int]] = []
        self.refreshed = 0
        self.down = False
        self.trail = FakeTrail()
        self.next_look = look_at(100, since=90)
        self.kept: list[Mark] = []
        self.ended: list[SimpleNamespace] = []
        self.market = SimpleNamespace(
            first_block=7,
            events=self.events,
            w3=SimpleNamespace(eth=SimpleNamespace(get_block=lambda n: {"timestamp": 1000 + n})),
        )
        self.store = SimpleNamespace(
            work=lambda _: SimpleNamespace(order=None),
            keep_trail=self.kept.extend,
            live=lambda ended_from: [w for w in self.ended if w.at >= ended_from],
        )

    def look(self) -> Look:
        return self.next_look

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
    return Watcher(book, None, 1.0, 1)


def test_events_are_read_again_when_a_look_failed(book, watcher):
    book.down = True
    with pytest.raises(ConnectionError):
        watcher.catch_up()
    assert book.kept == []
    book.down = False
    watcher.catch_up()
    assert (book.refreshed, book.kept[-1].number) == (1, 100)


def test_an_event_is_handled_once_although_blocks_are_read_again(book, watcher):
    watcher.catch_up()
    book.next_look = look_at(101, since=100)
    watcher.catch_up()
    assert book.ranges == [(90 - REWIND_BLOCKS, 100), (100 - REWIND_BLOCKS, 101)]
    assert book.refreshed == 1


def test_an_event_in_a_block_that_was_replaced_is_handled_anew(book, watcher):
    watcher.catch_up()
    book.next_look = look_at(101, since=100)
    book.log = [event(100, b"other hash" + b"h" * 22)]
    watcher.catch_up()
    assert book.refreshed == 2


def test_nothing_is_read_while_no_block_is_new(book, watcher):
    watcher.catch_up()
    watcher.catch_up()
    assert len(book.ranges) == 1


def test_a_new_data_base_starts_no_earlier_than_the_deployment(book, watcher):
    del book.trail.marks[1:]
    book.next_look = look_at(100, since=7)
    watcher.catch_up()
    assert book.ranges[0][0] == 7


def test_an_older_head_is_waited_out(book, watcher):
    book.next_look = look_at(80, since=80, behind=True)
    watcher.catch_up()
    assert (book.ranges, book.kept) == ([], [])


def test_after_a_reorganisation_all_that_it_may_have_undone_is_looked_at_again(book, watcher):
    watcher.catch_up()
    book.ended = [SimpleNamespace(job=b"a" * 32, at=1070), SimpleNamespace(job=b"b" * 32, at=1000)]
    book.next_look = look_at(100, since=60, branched=True)
    watcher.catch_up()
    assert book.ranges[-1] == (60 - REWIND_BLOCKS, 100)
    assert book.refreshed == 1 + 2  # the job of the event again, and the one that ended later
