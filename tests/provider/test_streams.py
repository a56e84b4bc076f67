"""What is being written is told once, from where the reader stands."""

from types import SimpleNamespace

import numpy as np

from provider.streams import Streams, tokens_in
from touchstone.protocol.ids import JobId
from touchstone.protocol.inputs import REFUSED
from touchstone.protocol.payload import encode_payload

JOB = JobId(b"j" * 32)


def test_a_reader_is_told_what_follows():
    streams = Streams()
    seen = streams.begin(JOB)
    for prompt, token in ((0, 5), (1, 6), (0, 7)):
        seen(prompt, token)
    assert streams.news(JOB, [0, 0, 0]) == [[5, 7], [6], []]
    assert streams.news(JOB, [1, 1]) == [[7], []]
    assert streams.news(JOB, [2, 9]) == [[], []]
    assert streams.news(JobId(b"k" * 32), [0]) == [[]]


def test_another_attempt_starts_anew():
    streams = Streams()
    streams.begin(JOB)(0, 5)
    again = streams.begin(JOB)
    assert streams.news(JOB, [0]) == [[]]
    again(0, 5)
    assert streams.news(JOB, [0]) == [[5]]


def test_old_streams_are_let_go():
    streams = Streams()
    streams.begin(JOB)(0, 5)
    for number in range(64):
        streams.begin(JobId(number.to_bytes(32, "big")))
    assert streams.news(JOB, [0]) == [[]]


def test_an_output_tells_its_tokens_up_to_the_stop():
    order = SimpleNamespace(strong=False)
    payload = encode_payload([np.array([4, 5, -1, -1], np.int32), np.array([6], np.int32)])
    assert tokens_in(order, payload) == [[4, 5], [6]]
    assert tokens_in(SimpleNamespace(strong=True), b"b" * 32 + payload) == [[4, 5], [6]]
    assert tokens_in(order, REFUSED) == [] and tokens_in(order, b"rubbish") == []
