"""Plays one party's games on a chain: looks, asks the player, sends.

It keeps nothing that the chain does not have: after a restart, a reorganisation or a lost
transaction it looks again, and the player says what is due.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from touchstone.chain.disputes import data_of
from touchstone.coordination.together import Together
from touchstone.disputes import moves
from touchstone.disputes.game import FIRST_CHALLENGER
from touchstone.disputes.player import next_moves
from touchstone.errors import DisputeError, GasLimitError, PeerError, TransactionReverted
from touchstone.players.looking import view_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from web3.contract.contract import ContractFunction
    from web3.types import EventData, TxReceipt

    from touchstone.chain.disputes import Disputes
    from touchstone.chain.sender import Sender
    from touchstone.disputes.case import Case
    from touchstone.disputes.game import Brief, Party
    from touchstone.disputes.moves import Conviction, Move
    from touchstone.disputes.player import View
    from touchstone.players.log import Log
    from touchstone.players.served import Served
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.orders import Order

_log = logging.getLogger(__name__)

_MOST_PATIENCE_S = 60.0
"""Seconds that the accused have, all together, to serve what they must."""


@dataclass(frozen=True, slots=True)
class Contested:
    """What the market's event says of a contested job: draw (32 bytes), seats, their outputs."""

    draw: bytes
    seats: tuple[int, ...]
    outputs: tuple[bytes, ...]

    @classmethod
    def of_event(cls, event: EventData) -> Self | None:
        """From what ended a job's round; None where that is no contest."""
        if event["event"] != "Contested":
            return None
        args = event["args"]
        outputs = tuple(bytes(output) for output in args["outputRoots"])
        return cls(bytes(args["draw"]), tuple(args["seats"]), outputs)


@dataclass(frozen=True, slots=True)
class Dispute:
    """One contest, with what a party brings to it.

    Attributes:
        order: the job's order.
        job: its id.
        salt: its salt, 32 bytes.
        contested: the market's event; None for a settled job that was challenged, and not needed
            once the seats have entered.
        case: makes what the party knows itself; called where it is needed first.
    """

    order: Order
    job: JobId
    salt: bytes
    contested: Contested | None
    case: Callable[[], Case]


class Keeper:
    """Plays for one account."""

    def __init__(
        self,
        disputes: Disputes,
        sender: Sender,
        log: Log,
        on_moves: Callable[[JobId, Sequence[Move], TxReceipt], None] | None = None,
        served: Served | None = None,
    ) -> None:
        """Binds the engine, the account that sends, and the engine's events.

        Args:
            disputes: the engine.
            sender: sends.
            log: the engine's events.
            on_moves: told of each transaction.
            served: where strong claims are looked up with those who made them.
        """
        self._disputes = disputes
        self._sender = sender
        self._log = log
        self._on_moves = on_moves
        self._served = served
        self._convictions: dict[tuple[JobId, int], Conviction | None] = {}
        self._together = Together()

    def tend(self, dispute: Dispute) -> list[Move]:
        """Makes all moves that are due now; returns them, in the order in which they were sent.

        Raises:
            DisputeError: it has nothing to play with.
            TransactionReverted: the engine refuses them; look again.
            ChainError: the chain does not answer.
        """
        self._log.read()
        contest = self._disputes.contest(dispute.job)
        if contest.ends_at == 0:
            return []
        view = view_of(self._disputes, self._log, dispute.job, contest, self._sender.address)
        me = self._me(view)
        if contest.seats == 0 and not view.ended:
            # Whoever is there before them, the seats are to enter.
            if dispute.contested is None:
                return []
        elif me is None:
            return []
        elif self._served is not None and dispute.order.strong and view.brief is not None:
            view = replace(view, served=self._look_up(self._served, dispute, view, view.brief, me))
        due = self._announced_first(dispute, view, next_moves(view, me, dispute.case()))
        if not due:
            return []
        calls = [self._call(dispute, view, move) for move in due]
        try:
            receipt = self._sender.send(self._disputes.together(calls))
        except (TransactionReverted, GasLimitError):
            if len(calls) == 1 and not view.served:
                raise
            # Somebody else may have made one of them meanwhile, or they need too much gas together:
            # each for itself, as far as it goes.
            return self._one_by_one(dispute, due, calls)
        self._tell(dispute.job, due, receipt)
        return due

    def _look_up(
        self, served: Served, dispute: Dispute, view: View, brief: Brief, me: int
    ) -> dict[int, Conviction]:
        """Asks each accused once for what may convict it; without it, there is the game. Who is
        slow to answer costs a part of the clock once, and is played meanwhile."""
        case = dispute.case()
        running = self._log.jobs
        for key in list(self._convictions):
            if key[0] not in running:
                del self._convictions[key]

        def ask(number: int, party: Party) -> None:
            found = None
            try:
                found = served.conviction(
                    dispute.job, dispute.salt, brief, (number, party), case, me
                )
            except (PeerError, DisputeError) as error:
                _log.info("party %d of %s is played instead: %s", number, dispute.job.hex(), error)
            except Exception as error:
                # Asked again at the next look.
                _log.warning("party %d of %s: %s", number, dispute.job.hex(), error)
                return
            self._convictions[dispute.job, number] = found

        questions = {
            f"{dispute.job.hex()} {number}": partial(ask, number, party)
            for number, party in view.parties.items()
            if not (party.output == view.parties[me].output or party.lost or case.refused)
            and (dispute.job, number) not in self._convictions
        }
        self._together.ask(questions, min(_MOST_PATIENCE_S, self._disputes.clock / 3))
        found = {n: self._convictions.get((dispute.job, n)) for n in view.parties}
        return {n: move for n, move in found.items() if move is not None}

    def _announced_first(self, dispute: Dispute, view: View, due: Sequence[Move]) -> list[Move]:
        """A challenger's convictions are announced one block before they are made."""
        found: list[Move] = []
        for move in due:
            if not isinstance(move, moves.Conviction) or move.against < FIRST_CHALLENGER:
                found.append(move)
                continue
            digest = keccak(data_of(self._call(dispute, view, move)))
            known, time = self._disputes.announced(dispute.job, move.party, move.against)
            if known != digest[: len(known)]:
                found.append(moves.Announce(move.party, move.against, digest))
            elif view.now > time:
                found.append(move)
        return found

    def _one_by_one(
        self, dispute: Dispute, due: Sequence[Move], calls: Sequence[ContractFunction]
    ) -> list[Move]:
        made = []
        for move, call in zip(due, calls, strict=True):
            try:
                receipt = self._sender.send(call)
            except TransactionReverted:
                if isinstance(move, moves.Conviction):
                    self._convictions[dispute.job, move.party] = None
                continue
            self._tell(dispute.job, [move], receipt)
            made.append(move)
        return made

    def _tell(self, job: JobId, made: Sequence[Move], receipt: TxReceipt) -> None:
        if self._on_moves is not None:
            self._on_moves(job, made, receipt)

    def _me(self, view: View) -> int | None:
        """The number of a party of one's own that has not lost."""
        mine = self._sender.address
        found = (n for n, p in view.parties.items() if p.account == mine and not p.lost)
        return next(found, None)

    def _call(self, dispute: Dispute, view: View, move: Move) -> ContractFunction:
        if isinstance(move, moves.Enter):
            found = dispute.contested
            assert found is not None
            return self._disputes.enter(dispute.order, found.draw, found.seats, found.outputs)
        if isinstance(move, moves.Describe):
            return self._disputes.describe(dispute.order, dispute.case().briefing(dispute.salt))
        return self._disputes.call_of(dispute.job, view.brief, move)
