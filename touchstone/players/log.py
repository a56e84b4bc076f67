"""What the engine's events say: openings for all games, statements and briefs of each job.

Openings are named by what they open, so whatever was read once stays true, also after a
reorganisation; whether a node counts as opened is the chain's to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.chain.disputes import brief_of_event
from touchstone.disputes.game import Brief, Statement
from touchstone.protocol.ids import JobId

if TYPE_CHECKING:
    from touchstone.chain.disputes import Disputes

_REWIND_BLOCKS = 16
_NAMES = ("ContestOpened", "Entered", "Described", "Stated", "GameStarted", "Opened", "LeafOpened",
          "PartsPosted")  # fmt: skip


class Log:
    """The engine's events from some block on, read on at each look."""

    def __init__(self, disputes: Disputes, first_block: int) -> None:
        """Begins before `first_block`."""
        self._disputes = disputes
        self._next = first_block
        self._first = first_block
        self.opened: dict[tuple[bytes, int], tuple[bytes, ...]] = {}
        self.chunks: dict[bytes, bytes] = {}
        self.briefs: dict[bytes, Brief] = {}
        """By hash."""
        self.statements: dict[tuple[bytes, int], Statement] = {}
        self.accounts: dict[bytes, dict[int, str]] = {}
        """By job and party."""
        self.games: dict[bytes, set[tuple[int, int]]] = {}
        self.parts: dict[tuple[bytes, int, int, bool], tuple[int, ...]] = {}

    def read(self) -> None:
        """Reads the blocks that are new, and a few before them again."""
        last = self._disputes.w3.eth.block_number
        first = max(self._first, self._next - _REWIND_BLOCKS)
        if last < first:
            return
        for event in self._disputes.events(first, last, _NAMES):
            args = event["args"]
            match event["event"]:
                case "Opened":
                    key = (bytes(args["node"]), args["levels"])
                    self.opened[key] = tuple(bytes(child) for child in args["children"])
                case "LeafOpened":
                    self.chunks[bytes(args["node"])] = bytes(args["chunk"])
                case "Described":
                    brief = brief_of_event(event)
                    self.briefs[brief.hash()] = brief
                case "Stated":
                    statement = Statement(bytes(args["body"]), bytes(args["outputTop"]))
                    self.statements[bytes(args["job"]), args["party"]] = statement
                case "Entered":
                    accounts = self.accounts.setdefault(bytes(args["job"]), {})
                    accounts[args["party"]] = args["account"]
                case "GameStarted":
                    self.games.setdefault(bytes(args["job"]), set()).add((args["a"], args["b"]))
                case "PartsPosted":
                    key4 = (bytes(args["job"]), args["a"], args["b"], args["first"])
                    self.parts[key4] = tuple(args["parts"])
        self._next = last + 1

    def parties_of(self, job: JobId) -> list[int]:
        """Numbers of all that take part."""
        return sorted(self.accounts.get(job, ()))

    def jobs_of(self, account: str) -> list[JobId]:
        """Jobs in which an account takes part."""
        return [JobId(job) for job, found in self.accounts.items() if account in found.values()]

    def games_of(self, job: JobId) -> list[tuple[int, int]]:
        """Pairs that play."""
        return sorted(self.games.get(job, ()))
