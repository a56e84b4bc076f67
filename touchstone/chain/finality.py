"""Up to which block events may be acted on for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.chain.rpc import ask_together, result_of
from touchstone.errors import SettingsError
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from web3 import Web3

DEVELOPMENT_CHAINS = frozenset({1337, 31337})
FALLBACK_BLOCKS = 64
"""Two epochs of Ethereum, where a node does not know the tag that was asked for."""
_TAGS = ("safe", "finalized")


@dataclass(frozen=True, slots=True)
class Finality:
    """When a block counts as irrevocable.

    Attributes:
        blocks: once so many blocks are on top of it; 0 is the newest itself.
        tag: or once the node says so: `safe` or `finalized`. Where it does not know the tag,
            `blocks` decides.
    """

    blocks: int
    tag: str | None = None

    @property
    def immediate(self) -> bool:
        """Whether every block is irrevocable at once, as on a development chain."""
        return self.tag is None and self.blocks == 0

    @classmethod
    def parse(cls, text: str) -> Finality:
        """From a setting: `latest`, `safe`, `finalized`, or a number of blocks.

        Raises:
            SettingsError: it is something else.
        """
        if text == "latest":
            return cls(0)
        if text in _TAGS:
            return cls(FALLBACK_BLOCKS, text)
        if text.isascii() and text.isdigit():
            return cls(int(text))
        raise SettingsError(
            f"{text!r} is no finality: write latest, safe, finalized or a number of blocks"
        )

    @classmethod
    def of_chain(cls, chain_id: int) -> Finality:
        """As TOUCHSTONE_FINALITY says, or else what suits the chain."""
        text = load_settings().finality
        return cls.parse(text or ("latest" if chain_id in DEVELOPMENT_CHAINS else "finalized"))


def final_block(w3: Web3, finality: Finality) -> int:
    """The newest irrevocable block; negative where the chain is too short to have one.

    Raises:
        RpcUnreachableError: no answer comes.
        LaggingRpcError: the node is behind what it has shown before.
    """
    asked = [("eth_getBlockByNumber", ["latest", False])]
    if finality.tag is not None:
        asked.append(("eth_getBlockByNumber", [finality.tag, False]))
    answers = ask_together(w3, asked)
    head = int(result_of(answers[0])["number"], 16)
    if finality.tag is not None and answers[1].get("result"):
        return min(head, int(result_of(answers[1])["number"], 16))
    return head - finality.blocks
