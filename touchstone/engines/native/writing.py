"""A prompt that is being read or continued."""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.engines.native.session import Session
from touchstone.engines.native.step import Feed
from touchstone.protocol.generation import Prompt


class Writing:
    """A prompt with its session and what is written so far: int32 [max_new], `count` of them."""

    def __init__(self, index: int, prompt: Prompt, session: Session) -> None:
        self.index, self.session = index, session
        self.written = np.full(prompt.sampling.max_new, NO_TOKEN, np.int32)
        self.count = 0
        self.ended = False
        self._prompt, self._rows = prompt, prompt.rows()

    def feed(self, room: int) -> Feed:
        """What it reads next, `room` rows at most; the output of the last row of all is wanted."""
        rows, self._rows = self._rows[:room], self._rows[room:]
        return Feed(self.session, rows, 0 if len(self._rows) else 1)

    def take(self, token: int) -> bool:
        """Notes the next token; False if it is NO_TOKEN."""
        if token == NO_TOKEN:
            self.ended = True
            return False
        self.written[self.count] = token
        self.count += 1
        self.ended = self.count == len(self.written)
        self._rows = self._prompt.rows([token])[-1:]
        return True
