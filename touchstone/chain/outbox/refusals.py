"""What nodes mean when they refuse a transaction. Each client has its own words."""

from __future__ import annotations

import re
from enum import Enum, auto


class Refusal(Enum):
    """Why a node does not take a transaction."""

    KNOWN = auto()
    """It has it already."""
    SPENT = auto()
    """Its nonce is that of a mined transaction."""
    OCCUPIED = auto()
    """Another transaction with its nonce waits, for a fee that is not a tenth lower."""
    UNDERPRICED = auto()
    """It offers less than the base fee, or than the node's least."""
    LATER = auto()
    """Not now: a nonce before it is missing, or the node is full."""
    POOR = auto()
    """The account cannot pay for it."""
    INVALID = auto()
    """It breaks a rule of the chain, or no one knows what the words mean."""


# Geth and Erigon, Nethermind, Besu, Reth and anvil, in this order of trust: "replacement
# transaction underpriced" must be met before "transaction underpriced".
_WORDS: tuple[tuple[Refusal, str], ...] = (
    (Refusal.KNOWN, r"already known|\bknown transaction|already imported|AlreadyKnown"),
    (Refusal.KNOWN, r"existing tx with same hash|already in the system"),
    (Refusal.SPENT, r"nonce (is )?too low|OldNonce|invalid transaction nonce|Pool\(Stale\)"),
    (Refusal.OCCUPIED, r"replacement transaction underpriced|ReplacementNotAllowed"),
    (Refusal.OCCUPIED, r"FeeTooLowToCompete|could not replace existing tx"),
    (Refusal.OCCUPIED, r"gas price to replace existing|another (transaction|tx) .*same nonce"),
    (Refusal.OCCUPIED, r"OwnNonceAlreadyUsed"),
    (Refusal.UNDERPRICED, r"max ?fee ?per ?gas.*(less than|too low|below)|fee ?cap.* less than"),
    (Refusal.UNDERPRICED, r"underpriced|fee ?too ?low|gas ?price.* (too low|below|less than)"),
    (Refusal.LATER, r"nonce too high|nonce ?gap|gapped|future transaction|nonce.*too far"),
    (Refusal.LATER, r"txpool is full|queue full|pool full|pool.* overflow|too many transactions"),
    (Refusal.POOR, r"insufficient ?(funds|balance)|overdraft|not enough funds"),
    (Refusal.POOR, r"upfront cost exceeds"),
)


def meaning_of(message: str) -> Refusal:
    """What the words of a node mean; `INVALID` where they are not known."""
    for refusal, words in _WORDS:
        if re.search(words, message, re.IGNORECASE):
            return refusal
    return Refusal.INVALID
