"""What every view is built with: the deployment's constants, and how far the chain was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from explorer.story.moments import utc
from explorer.views.shapes import Amount, Moment
from touchstone.amounts import format_tokens
from touchstone.protocol.jobs import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from touchstone.protocol.jobs import Parameters

MOST_LINKED = 2000


@dataclass(frozen=True, slots=True)
class Constants:
    """What a deployment never changes.

    Attributes:
        chain_id: the chain's number.
        market: the market's address.
        parameters: of the market.
        bucket_seconds: length of a lock bucket of the vault.
        programs: names of the operators of programs that the explorer was given, by program root.
    """

    chain_id: int
    market: str
    parameters: Parameters
    bucket_seconds: int
    programs: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """What a view is built with.

    Attributes:
        constants: the deployment's.
        now: the last block that was read: the clock of all that is shown.
        head: number of the chain's newest block, as far as known.
        final_after: blocks younger than so many are not final yet.
    """

    constants: Constants
    now: Clock
    head: int
    final_after: int

    def moment(self, block: int, time: int) -> Moment:
        """When something happened."""
        final = self.head - block >= self.final_after
        return Moment(block=block, time=time, utc=utc(time), final=final)


def amount(units: int) -> Amount:
    """An amount of base units."""
    return Amount(units=str(units), tokens=format_tokens(units))


def link_to(text: str) -> str | None:
    """The text, where it is an http or https address that a page may link to; else None."""
    if len(text) > MOST_LINKED or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.hostname else None
