"""The dispute engine, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from touchstone.chain.artifacts import DISPUTE_PARTS, abi_of
from touchstone.chain.calls import Views
from touchstone.chain.logs import read_events
from touchstone.disputes import moves
from touchstone.disputes.game import Brief, Contest, Game, Party

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from web3 import Web3
    from web3.contract.contract import ContractFunction
    from web3.types import EventData

    from touchstone.chain.deployment import Deployment
    from touchstone.chain.market import Reveal
    from touchstone.disputes.moves import Move
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.orders import Order

DISPUTE_EVENTS = (
    "ContestOpened",
    "Entered",
    "Described",
    "Stated",
    "GameStarted",
    "Opened",
    "LeafOpened",
    "Descended",
    "PartsPosted",
    "Convicted",
    "Announced",
    "Lost",
    "GameOver",
    "BondSettled",
    "Credited",
    "Withdrawn",
)


class Disputes:
    """Reads the engine and makes calls for a `Sender` to send.

    Attributes:
        contract: the web3 contract, with the ABI of all its parts.
        window: seconds that a contest lasts at most.
        clock: seconds that each side of a game has for all its moves together.
        judge_time: seconds in which an element can be recomputed.
        longest_game: seconds of the longest game.
        bond: what a challenger puts up, in base units of the token.
    """

    def __init__(self, w3: Web3, deployment: Deployment) -> None:
        """Binds the deployment's engine."""
        address = deployment.address("Disputes")
        abi = abi_of("Disputes", DISPUTE_PARTS)
        self.w3 = w3
        self.address = address
        self.first_block = deployment.block
        self.contract = w3.eth.contract(address=address, abi=abi)
        self.views = Views(w3, address, abi)
        names = ("window", "clock", "judgeTime", "longestGame", "bond")
        values: list[int] = self.views.call_together(*((name,) for name in names))
        self.window, self.clock, self.judge_time, self.longest_game, self.bond = values

    # --- reading ---------------------------------------------------------------------------------

    def contest(self, job: JobId) -> Contest:
        """The contest of a job; all zero where there is none."""
        return Contest(*self.views.call("contestOf", job))

    def verdict(self, job: JobId) -> tuple[bool, int, dict[int, str]]:
        """Whether the contest has ended, the bits of the guilty seats, and to whom each of them has
        lost: nobody, where a seat is missing."""
        ended, guilty, found = self.views.call("verdict", job)
        winners = {seat: to_checksum_address(winner) for seat, winner in enumerate(found)}
        return ended, guilty, {s: w for s, w in winners.items() if int(w, 16)}

    def parties(self, job: JobId, numbers: Sequence[int]) -> dict[int, Party]:
        """Parties by number."""
        found = self.views.call_together(*(("partyOf", job, number) for number in numbers))
        return {
            n: Party(to_checksum_address(account), *fields)
            for n, (account, *fields) in zip(numbers, found, strict=True)
        }

    def games(self, job: JobId, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Game]:
        """Games by pair."""
        found = self.views.call_together(*(("gameOf", job, *pair) for pair in pairs))
        return {pair: Game.from_abi(fields) for pair, fields in zip(pairs, found, strict=True)}

    def opened_at(self, nodes: Sequence[tuple[bytes, int]]) -> list[int]:
        """When somebody opened so many levels below a node, for none its chunk: Unix times, zero
        where nobody did."""
        return self.views.call_together(*(("openedAt", *node) for node in nodes))

    def announced(self, job: JobId, party: int, against: int) -> tuple[bytes, int]:
        """What a challenger announced against a party: 28 bytes of a hash, and its Unix time."""
        digest, time = self.views.call("announcedOf", job, party, against)
        return bytes(digest), time

    def balance_of(self, account: str) -> int:
        """What the account can withdraw here, in base units."""
        return int(self.views.call("balanceOf", account))

    def events(
        self,
        first: int,
        last: int,
        names: Sequence[str] = DISPUTE_EVENTS,
        job: JobId | None = None,
    ) -> Iterator[EventData]:
        """What happened in blocks `first` to `last`; to one job, where the events are a job's."""
        return read_events(self.contract, names, first, last, None if job is None else {"job": job})

    # --- calls -----------------------------------------------------------------------------------

    def challenge(
        self, order: Order, settled_root: bytes, reveals: Sequence[Reveal], output: bytes
    ) -> ContractFunction:
        """Disputes a settled job; needs an allowance of the bond."""
        return self.contract.functions.challenge(
            order.values(), settled_root, [r.values() for r in reveals], output
        )

    def join(self, job: JobId, output: bytes) -> ContractFunction:
        """Joins a contest with an output of one's own; needs an allowance of the bond."""
        return self.contract.functions.join(job, output)

    def settle_bond(self, job: JobId, party: int) -> ContractFunction:
        """Returns a challenger's bond."""
        return self.contract.functions.settleBond(job, party)

    def withdraw(self) -> ContractFunction:
        """Pays out what the sender can withdraw."""
        return self.contract.functions.withdraw()

    def together(self, calls: Sequence[ContractFunction]) -> ContractFunction:
        """Several calls in one transaction, all or none."""
        if len(calls) == 1:
            return calls[0]
        return self.contract.functions.multicall([data_of(call) for call in calls])

    def enter(
        self, order: Order, draw: bytes, seats: Sequence[int], outputs: Sequence[bytes]
    ) -> ContractFunction:
        """Makes the seats of a contested job parties."""
        return self.contract.functions.enter(order.values(), draw, list(seats), list(outputs))

    def describe(self, order: Order, briefing: tuple[object, ...]) -> ContractFunction:
        """Says what the input asks for."""
        return self.contract.functions.describe(order.values(), briefing)

    def call_of(self, job: JobId, brief: Brief | None, move: Move) -> ContractFunction:
        """The call of a move, but for `Enter` and `Describe`, which need more."""
        f = self.contract.functions
        match move:
            case moves.Start(a, b):
                return f.start(job, a, b)
            case moves.Timeout(a, b):
                return f.timeout(job, a, b)
            case moves.ConvictTwin(convicted, party):
                return f.convictTwin(job, convicted, party)
            case moves.Announce(party, against, digest):
                return f.announce(job, party, against, digest)
            case moves.SettleBond(party):
                return self.settle_bond(job, party)
            case moves.Withdraw():
                return self.withdraw()
        assert brief is not None
        words = brief.as_abi()
        match move:
            case moves.State(party, statement):
                return f.state(words, party, statement.as_abi())
            case moves.Face(a, b, of_a, of_b):
                return f.face(words, a, b, of_a.as_abi(), of_b.as_abi())
            case moves.Open(a, b, of_a, of_b, record):
                return f.open(words, a, b, list(of_a), list(of_b), record.as_abi())
            case moves.OpenLeaf(a, b, of_a, of_b):
                return f.openLeaf(words, a, b, of_a, of_b)
            case moves.PostParts(a, b, first, statement, parts, evidence):
                return f.postParts(
                    words, a, b, first, statement.as_abi(), list(parts), evidence.as_abi()
                )
            case moves.Narrow(a, b, of_a, of_b, records):
                return f.narrow(words, a, b, list(of_a), list(of_b), records.as_abi())
            case moves.Convict(a, b, first, statement, evidence):
                return f.convict(words, a, b, first, statement.as_abi(), evidence.as_abi())
            case moves.ConvictEnd(a, b, first, statement, chunk, input_, evidence):
                return f.convictEnd(
                    words,
                    a,
                    b,
                    first,
                    statement.as_abi(),
                    chunk,
                    input_.as_abi(),
                    evidence.as_abi(),
                )
            case moves.ConvictStrong(party, against, output, element, evidence):
                return f.convictStrong(
                    words, party, against, output.as_abi(), element.as_abi(), evidence.as_abi()
                )
            case moves.ConvictCopy(party, against, output, element, copy, input_, evidence):
                return f.convictCopy(
                    words,
                    party,
                    against,
                    output.as_abi(),
                    element.as_abi(),
                    copy.as_abi(),
                    input_.as_abi(),
                    evidence.as_abi(),
                )
            case moves.ConvictRefused(party, against):
                return f.convictRefused(words, party, against)
            case _:
                raise ValueError(f"{move} is not a call of its own")


def data_of(call: ContractFunction) -> bytes:
    """The bytes of a call."""
    return bytes.fromhex(call._encode_transaction_data()[2:])


def brief_of_event(event: EventData) -> Brief:
    """The brief in a `Described` event."""
    return Brief.from_abi(event["args"]["brief"])
