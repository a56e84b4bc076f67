"""What the engine's events say, as far as it is needed: of contests that go on, and what was opened
lately.

Everything here can be forgotten and read again (`players.finding`), so that a node that runs for
years needs memory for its disputes of today. Openings are named by what they open, so whatever was
read once stays true, also after a reorganisation; whether a node counts as opened is the chain's to
say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from touchstone.chain.disputes import brief_of_event
from touchstone.disputes.game import Brief, Statement
from touchstone.players.finding import first_block_since, statement_of_event
from touchstone.players.recent import Recent
from touchstone.protocol.ids import JobId

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from web3.types import EventData

    from touchstone.chain.disputes import Disputes

_REWIND_BLOCKS = 16
_NAMES = ("ContestOpened", "Entered", "Described", "Stated", "GameStarted", "Opened", "LeafOpened",
          "PartsPosted")  # fmt: skip
_MOST_OPENINGS = 4096
"""A game needs a dozen; each has some kilobytes."""


@dataclass(slots=True)
class Facts:
    """What events say of one job's contest.

    Attributes:
        ends_at: Unix time from which nobody can move.
        accounts: who takes part, by number.
        brief: what was described.
        statements: what parties have stated, by number.
        games: pairs that play.
        parts: partial results that were posted last, by pair and side.
    """

    ends_at: int
    accounts: dict[int, str] = field(default_factory=dict)
    brief: Brief | None = None
    statements: dict[int, Statement] = field(default_factory=dict)
    games: set[tuple[int, int]] = field(default_factory=set)
    parts: dict[tuple[int, int, bool], tuple[int, ...]] = field(default_factory=dict)


class Log:
    """The engine's events from some block on, read on at each look.

    Attributes:
        jobs: of contests that go on, and of those that are kept.
        opened: children of nodes that were opened lately, by node and levels.
        chunks: chunks that were shown lately, by their hash.
    """

    def __init__(
        self,
        disputes: Disputes,
        first_block: int,
        keeps: Callable[[JobId, Facts], bool] = lambda job, facts: False,
        most_openings: int = _MOST_OPENINGS,
    ) -> None:
        """Begins before `first_block`.

        Args:
            disputes: the engine.
            first_block: the first whose events are read.
            keeps: whether a contest that is over is kept all the same, until `forget`.
            most_openings: how many nodes' children are kept, and how many chunks.
        """
        self._disputes = disputes
        self._next = first_block
        self._first = first_block
        self._keeps = keeps
        self.jobs: dict[JobId, Facts] = {}
        self.opened: Recent[tuple[bytes, int], tuple[bytes, ...]] = Recent(most_openings)
        self.chunks: Recent[bytes, bytes] = Recent(most_openings)

    @classmethod
    def of_running(
        cls, disputes: Disputes, keeps: Callable[[JobId, Facts], bool] = lambda job, facts: False
    ) -> Self:
        """From the block on since which a contest can have been opened that still goes on."""
        now = disputes.w3.eth.get_block("latest")["timestamp"]
        return cls(disputes, first_block_since(disputes, now - disputes.window), keeps)

    def read(self) -> None:
        """Reads the blocks that are new, and a few before them again."""
        head = self._disputes.w3.eth.get_block("latest")
        first, last = max(self._first, self._next - _REWIND_BLOCKS), head["number"]
        if last < first:
            return
        for event in self._disputes.events(first, last, _NAMES):
            self._keep(event, head["timestamp"])
        self._next = last + 1
        for job, facts in list(self.jobs.items()):
            if facts.ends_at <= head["timestamp"] and not self._keeps(job, facts):
                self.forget(job)

    def _keep(self, event: EventData, now: int) -> None:
        args = event["args"]
        match event["event"]:
            case "Opened":
                key = (bytes(args["node"]), args["levels"])
                self.opened.keep(key, tuple(bytes(child) for child in args["children"]))
                return
            case "LeafOpened":
                self.chunks.keep(bytes(args["node"]), bytes(args["chunk"]))
                return
        # One that was opened before the first block that was read lasts a window at most.
        facts = self.facts(JobId(bytes(args["job"])), now + self._disputes.window)
        match event["event"]:
            case "ContestOpened":
                facts.ends_at = args["endsAt"]
            case "Entered":
                facts.accounts[args["party"]] = args["account"]
            case "Described":
                facts.brief = brief_of_event(event)
            case "Stated":
                facts.statements[args["party"]] = statement_of_event(event)
            case "GameStarted":
                facts.games.add((args["a"], args["b"]))
            case "PartsPosted":
                facts.parts[args["a"], args["b"], args["first"]] = tuple(args["parts"])

    def forget(self, job: JobId) -> None:
        """Forgets a contest in which there is nothing left to do."""
        self.jobs.pop(job, None)

    def facts(self, job: JobId, ends_at: int) -> Facts:
        """What is known of a job's contest, to be added to; one that is new ends then."""
        return self.jobs.setdefault(job, Facts(ends_at))

    def games_of(self, job: JobId) -> set[tuple[int, int]]:
        """Pairs that were seen to play."""
        return self.jobs[job].games if job in self.jobs else set()

    def jobs_of(self, account: str) -> list[JobId]:
        """Jobs in which an account takes part."""
        return [job for job, facts in self.jobs.items() if account in facts.accounts.values()]
