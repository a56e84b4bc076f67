"""The two ends of a transcript: what its copy of the input must hold, and which of its elements the
output must equal. Twin of `copied` and `outputWord` in `contracts/dispute/Payloads.sol`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from touchstone.disputes.game import Element
from touchstone.programs.program import InputKind, Rows
from touchstone.protocol.generation import SETTINGS
from touchstone.protocol.payload import MAX_SEQUENCES

if TYPE_CHECKING:
    from touchstone.programs.program import InputSpec
    from touchstone.transcripts.layout import Layout

_WORD = 4
_HEADER_WORDS = 2
_TOKEN, _WRITTEN = 0, 1
"""Places in an order; settings stand behind."""


def lengths_in(payload: bytes) -> tuple[int, ...]:
    """Lengths of the sequences of a payload; none where it cannot have so many."""
    count = int.from_bytes(payload[_WORD : 2 * _WORD], "little")
    if not 0 < count <= min(MAX_SEQUENCES, len(payload) // _WORD - _HEADER_WORDS):
        return ()
    return tuple(int(n) for n in np.frombuffer(payload, "<u4", count, _HEADER_WORDS * _WORD))


def shape_words(spec: InputSpec, payload: bytes) -> int:
    """Words of a payload that say what it asks for: its header, and the settings of prompts."""
    lengths = lengths_in(payload)
    words = _HEADER_WORDS + len(lengths)
    if spec.kind is InputKind.PROMPT and lengths and lengths[0] == SETTINGS * (len(lengths) - 1):
        words += lengths[0]
    return words


@dataclass(frozen=True, slots=True)
class Ends:
    """Where both ends of one job's transcripts stand.

    Attributes:
        spec: what the program reads.
        layout: the transcript's shape.
        prompts: tokens of each prompt; none where the program reads no prompts.
        before: words of the output before its payload.
    """

    spec: InputSpec
    layout: Layout
    prompts: tuple[int, ...]
    before: int

    @classmethod
    def of(cls, spec: InputSpec, layout: Layout, payload: bytes, before: int) -> Ends:
        """The ends of a job with this input; `before` bytes stand before its output's payload."""
        prompted = spec.kind is InputKind.PROMPT
        prompts = lengths_in(payload)[1:] if prompted else ()
        return cls(spec, layout, prompts, before // _WORD)

    def word_of(self, element: Element) -> int | None:
        """The word of the input that an element of its copy must equal; None where the program
        wrote it (`emitted_as`), or where it says whether it did."""
        sequence, position = element.sequence, element.position
        if self.spec.kind is not InputKind.PROMPT:
            rows = sum(self.layout.lengths[:sequence]) + position
            return self._start + rows * self.spec.width + element.index
        if element.index == _WRITTEN or self.emitted_as(element) is not None:
            return None
        if element.index != _TOKEN:
            # How many tokens to write comes first, which no order holds.
            return self._start + SETTINGS * sequence + element.index - 1
        tokens = SETTINGS * len(self.prompts) + sum(self.prompts[:sequence])
        return self._start + tokens + position

    def emitted_as(self, element: Element) -> Element | None:
        """The element of the output value that a token of the copy must equal, which the program
        wrote itself; None for all others."""
        if self.spec.kind is not InputKind.PROMPT or element.index != _TOKEN:
            return None
        if element.position < self.prompts[element.sequence]:
            return None
        return Element(element.sequence, element.position - 1, self.layout.output, 0)

    def output_element(self, word: int) -> Element | None:
        """The element of the output value that a word of the output must equal; None for those
        before the results."""
        word -= self.before + _HEADER_WORDS + len(self.layout.lengths)
        if word < 0:
            return None
        value = self.layout.output
        width = self.layout.shapes[value].width
        for sequence in range(len(self.layout.lengths)):
            first, rows = self._output_rows(sequence)
            if word >= rows * width:
                word -= rows * width
            elif self.layout.causal:
                return Element(sequence, first + word // width, value, word % width)
            else:
                return Element(sequence, 0, value, word)
        raise ValueError(f"the output ends {word} words before that")

    @property
    def _start(self) -> int:
        """Where the values of the input begin, in words."""
        settings = 1 if self.spec.kind is InputKind.PROMPT else 0
        return _HEADER_WORDS + settings + len(self.layout.lengths)

    def _output_rows(self, sequence: int) -> tuple[int, int]:
        """The first row of a sequence's output value that its output has, and how many."""
        if self.layout.shapes[self.layout.output].rows is Rows.ONE:
            return 0, 1
        first = self.prompts[sequence] - 1 if self.prompts else 0
        return first, self.layout.lengths[sequence] - first
