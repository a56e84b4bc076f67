"""Sentences as pieces of text, some of which lead somewhere."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from touchstone.amounts import format_tokens
from touchstone.protocol.audits import AUDITOR_SEAT

_SHORT_TEXT = 120


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence.

    Attributes:
        text: what is shown. It may be anything that somebody put on the chain.
        href: the page of the thing it names, or None.
        title: the whole of it, where the text is shortened.
    """

    text: str
    href: str | None = None
    title: str | None = None


Sentence = tuple[Piece, ...]


def say(*parts: str | Piece) -> Sentence:
    """A sentence of these parts."""
    return tuple(part if isinstance(part, Piece) else Piece(part) for part in parts)


def text_of(sentence: Sentence) -> str:
    """The sentence as plain text, nothing shortened but what others wrote at length."""
    return "".join(piece.title or piece.text for piece in sentence)


def join(parts: list[Piece]) -> Sentence:
    """`a, b and c`."""
    joined: list[Piece] = []
    for index, part in enumerate(parts):
        if index:
            joined.append(Piece(" and " if index == len(parts) - 1 else ", "))
        joined.append(part)
    return tuple(joined)


def short(hexadecimal: str) -> str:
    """The beginning and the end of a long hex text."""
    return hexadecimal if len(hexadecimal) <= 14 else f"{hexadecimal[:8]}…{hexadecimal[-4:]}"


def account(address: str) -> Piece:
    """An account, leading to its page."""
    shown = to_checksum_address(address)
    return Piece(short(shown), f"/providers/{shown}", shown)


def root(hexadecimal: str) -> Piece:
    """32 bytes that have no page."""
    return Piece(short(hexadecimal), None, hexadecimal)


def pool(hexadecimal: str) -> Piece:
    """A pool, leading to its page."""
    return Piece(short(hexadecimal), f"/pools/{hexadecimal}", hexadecimal)


def job(hexadecimal: str) -> Piece:
    """A job, leading to its page."""
    return Piece(short(hexadecimal), f"/jobs/{hexadecimal}", hexadecimal)


def model(hexadecimal: str, label: str | None = None) -> Piece:
    """A model, leading to its page."""
    return Piece(
        clipped(label or short(hexadecimal)), f"/models/{hexadecimal}", label or hexadecimal
    )


def tokens(amount: int) -> str:
    """An amount, exactly."""
    return f"{format_tokens(amount)} {'token' if format_tokens(amount) == '1' else 'tokens'}"


def clipped(text: str, most: int = _SHORT_TEXT) -> str:
    """Somebody's text, at a length that fits a line."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def counted(number: int, noun: str) -> str:
    """`1 seat`, `2 seats`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def seat_list(seats: list[int] | tuple[int, ...]) -> str:
    """`seat 1`, `seats 0, 1 and 2`, `seat 0 and the auditor`."""
    if AUDITOR_SEAT in seats:
        others = [seat for seat in seats if seat != AUDITOR_SEAT]
        return f"{seat_list(others)} and the auditor" if others else "the auditor"
    shown = "".join(piece.text for piece in join([Piece(str(seat)) for seat in seats]))
    return f"{'seat' if len(seats) == 1 else 'seats'} {shown}"
