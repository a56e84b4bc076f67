"""What a job asks of a language model: prompts, and how to go on from them.

The input of such a job is a payload (`touchstone.protocol.payload`) whose first sequence holds five
numbers for each prompt and whose others are the prompts. So the order's input root fixes how to
sample, down to the seed, and a sampled answer can be checked like any other.

    max new tokens | inverse temperature | cut-off | seed, low word | seed, high word

The output has one sequence of `max new tokens` for each prompt; NO_TOKEN stands after a stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from touchstone.arithmetic.sampling import INVERSE_TEMPERATURE_LIMIT, TEMPERATURE_BITS
from touchstone.errors import PayloadError
from touchstone.programs.program import ORDER_WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Int32 = NDArray[np.int32]

SETTINGS = 5
"""Numbers that stand in the first sequence for each prompt."""

MOST_NEW = 1 << 15
_FRACTION_BITS = 16
_ANY = (1 << 31) - 1


Seen = Callable[[int, int], None]
"""Is told of each token as it is written: the number of its prompt, and the token."""


def unseen(prompt: int, token: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to go on from a prompt, in the integers of docs/arithmetic.md ("Sampling").

    Attributes:
        max_new: tokens to write at most, from 1.
        inverse_temperature: with 16 fraction bits; 0 takes the most probable token (greedy).
        cut_off: how far below the most probable a token may lie (log, 16 fraction bits).
        seed: 64 bits.
    """

    max_new: int
    inverse_temperature: int = 0
    cut_off: int = _ANY
    seed: int = 0

    @classmethod
    def of(
        cls, max_new: int, temperature: float = 0.0, min_p: float = 0.0, seed: int = 0
    ) -> Sampling:
        """From numbers that people use: temperature 0 is greedy; tokens less probable than `min_p`
        times the most probable one are ruled out.

        Raises:
            PayloadError: a number is out of its range.
        """
        if not 1 <= max_new <= MOST_NEW:
            raise PayloadError(f"max new tokens must be from 1 to {MOST_NEW}, is {max_new}")
        lowest = 2.0**TEMPERATURE_BITS / INVERSE_TEMPERATURE_LIMIT
        if not (temperature == 0 or lowest <= temperature <= 100):
            raise PayloadError(
                f"temperature must be 0 (greedy) or from {lowest} to 100, is {temperature}"
            )
        if not 0 <= min_p <= 1:
            raise PayloadError(f"min-p must be from 0 to 1, is {min_p}")
        if not 0 <= seed < 1 << 64:
            raise PayloadError(f"a seed has 64 bits, {seed} does not fit")
        inverse = round(2.0**TEMPERATURE_BITS / temperature) if temperature else 0
        cut_off = round(-math.log(min_p) * 2.0**_FRACTION_BITS) if min_p else _ANY
        return cls(max_new, inverse, min(cut_off, _ANY), seed)

    def words(self) -> list[int]:
        """The five numbers, as int32."""
        low, high = self.seed & 0xFFFFFFFF, self.seed >> 32
        return [self.max_new, self.inverse_temperature, self.cut_off, _signed(low), _signed(high)]

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Sampling:
        """The inverse of `words`, for any five int32."""
        max_new, inverse, cut_off, low, high = (int(word) for word in words)
        return cls(max_new, inverse, cut_off, low % (1 << 32) | high % (1 << 32) << 32)


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """Tokens to go on from, int32 [length], and how."""

    tokens: Int32
    sampling: Sampling

    @property
    def positions(self) -> int:
        """Positions at which the program runs: those of all tokens but the last one written."""
        return len(self.tokens) + self.sampling.max_new - 1

    def rows(self, written: Sequence[int] | Int32 = ()) -> Int32:
        """What the program reads, once so many tokens are written: int32 [positions, ORDER_WIDTH].

        A transcript has those of all `positions`: all written tokens but the last.
        """
        given = len(self.tokens)
        found = np.empty((given + len(written), ORDER_WIDTH), np.int32)
        found[:given, 0] = self.tokens
        found[given:, 0] = written
        found[:, 1] = np.arange(len(found)) >= given
        found[:, 2:] = self.sampling.words()[1:]
        return found


def encode_prompts(prompts: Sequence[Prompt]) -> list[Int32]:
    """The sequences of a payload that asks for these."""
    settings = [word for prompt in prompts for word in prompt.sampling.words()]
    return [np.array(settings, np.int32), *(prompt.tokens for prompt in prompts)]


def decode_prompts(sequences: Sequence[Int32]) -> list[Prompt]:
    """The inverse of `encode_prompts`.

    Raises:
        PayloadError: the settings do not belong to as many prompts, a prompt is empty, or it asks
            for no tokens or more than there can be.
    """
    settings, tokens = sequences[0], sequences[1:]
    if not tokens or len(settings) != SETTINGS * len(tokens):
        raise PayloadError(
            f"{len(tokens)} prompts need {SETTINGS * len(tokens)} settings (at least one prompt), "
            f"there are {len(settings)}"
        )
    found = []
    for index, prompt in enumerate(tokens):
        words = settings[SETTINGS * index : SETTINGS * (index + 1)].tolist()
        if not 1 <= words[0] <= MOST_NEW:
            raise PayloadError(f"prompt {index} asks for {words[0]} tokens, not 1 to {MOST_NEW}")
        if not len(prompt):
            raise PayloadError(f"prompt {index} is empty")
        found.append(Prompt(prompt, Sampling.from_words(words)))
    return found


def _signed(word: int) -> int:
    return word - (1 << 32) if word >= 1 << 31 else word
