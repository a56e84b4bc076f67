"""Real disputes about a tiny model, each played to its end on a real chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from web3.types import RPCEndpoint

from tests.attacks.chains import Chain, equip
from tests.cheats.tampering import flip
from tests.disputes.arena import JOB_SALT, Arena, Execution, Lab, lab_of
from tests.disputes.test_strong import Shelf, Shelves
from tests.support.tiny_model import compile_tiny, publisher_of
from tests.support.world import PUBLISHER
from touchstone.chain.devnet import Devnet
from touchstone.chain.disputes import Disputes
from touchstone.chain.sender import Sender
from touchstone.disputes.game import FIRST_CHALLENGER
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.orders import Mode, Order, audit_bits
from touchstone.protocol.payload import payload_root

CHALLENGER = 1
"""The requester: it has tokens, and reason to doubt."""
PROVIDERS = 4


@dataclass
class Court:
    """A market on whose jobs disputes are played."""

    chain: Chain
    lab: Lab
    folder: Path
    jobs: dict[str, Arena] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.devnet, self.deployment = self.chain.devnet, self.chain.deployment
        self.market, self.vault, self.token = self.chain.market, self.chain.vault, self.chain.token
        self.disputes = Disputes(self.devnet.w3, self.deployment)

    def request(self, method: str, *parameters: object) -> object:
        answer = self.devnet.w3.provider.make_request(RPCEndpoint(method), list(parameters))
        assert "error" not in answer, answer
        return answer.get("result")

    def right(self) -> Execution:
        return self.lab.execute()

    def wrong(self, element: int = 5) -> Execution:
        """Value 30 of sequence 1 has one wrong bit, in this element.

        Nodes that were opened once are not opened again: other games need other lies.
        """
        return self.lab.execute(flip(1, 30, element, 20))

    def conclude(self, arena: Arena) -> Arena:
        self.chain.sender(PUBLISHER).send(self.market.conclude(arena.job.order))
        return arena

    # --- disputes --------------------------------------------------------------------------------

    def contested(self, *executions: Execution) -> Arena:
        return Arena.contested(self.chain, self.lab, executions)

    def convicted(self) -> Arena:
        """Seat 1 lies about one bit, and is shown to."""
        arena = self.contested(self.right(), self.wrong())
        assert arena.play() == (True, {1})
        return self.conclude(arena)

    def at_once(self) -> Arena:
        """Claims are strong: one transaction convicts seat 1, without a game."""
        right = self.lab.execute(strong=True)
        wrong = self.lab.execute(flip(1, 30, 5, 20), strong=True)
        served = Shelves({0: Shelf(right), 1: Shelf(wrong)})
        arena = Arena.contested(self.chain, self.lab, [right, wrong], strong=True, served=served)
        assert arena.play() == (True, {1})
        return self.conclude(arena)

    def timed_out(self) -> Arena:
        """Seat 1 lies and then says nothing more."""
        arena = self.contested(self.right(), self.wrong())
        assert arena.play(silent=[1]) == (False, set())
        self.devnet.increase_time(self.disputes.clock + 1)
        assert arena.play(silent=[1]) == (True, {1})
        return self.conclude(arena)

    def outputs_differ(self) -> Arena:
        """Seat 1 tells the right transcript, with another output."""

        def edit(output: bytes) -> bytes:
            return output[:-1] + bytes([output[-1] ^ 1])

        arena = self.contested(self.right(), self.lab.execute(edit=edit))
        assert arena.play() == (True, {1})
        return self.conclude(arena)

    def pending(self) -> Arena:
        """A few moves were made, and the game is on."""
        arena = self.contested(self.right(), self.wrong(2))
        self.moves(arena, 2)
        return arena

    def all_lied(self) -> Arena:
        """Both seats agreed on a wrong result; the requester convicts them."""
        arena = self.challenged(self.wrong(), self.right())
        assert arena.play() == (True, {0, 1})
        self.conclude(arena)
        self.settle(arena)
        return arena

    def wrongly_challenged(self) -> Arena:
        """The challenger is the one who lies."""
        arena = self.challenged(self.right(), self.wrong())
        assert arena.play() == (True, set())
        return self.conclude(arena)

    def auditor_lied(self) -> Arena:
        """One seat gave a wrong result, its auditor vouched for it; the requester convicts both."""
        arena = self.challenged(self.wrong(9), self.right(), audited=True)
        while not arena.play()[0]:
            pass
        self.conclude(arena)
        self.settle(arena)
        return arena

    def challenged(self, settled: Execution, other: Execution, *, audited: bool = False) -> Arena:
        """Two seats agreed on one output, or one with its auditor; a stranger claims the other."""
        mode = Mode.OPTIMISTIC | audit_bits(1) if audited else Mode.REDUNDANT
        root = payload_root(self.lab.payload, JOB_SALT)
        order = self.chain.order(1 if audited else 2, root, units=2, mode=mode)
        job = self.chain.open_and_draw(order)
        settlement = self.chain.settlement(job, settled.root)
        self.chain.sender(PUBLISHER).send(self.market.settle([settlement]))
        auditor = self.vouch(order) if audited else None
        stranger = self.chain.sender(CHALLENGER)
        stranger.send(self.token.approve(self.disputes.address, self.disputes.bond))
        call = self.disputes.challenge(order, settled.root, settlement.reveals, other.root)
        stranger.send(call)
        arena = Arena(self.chain, job, self.disputes, {}, {})
        for seat in job.active:
            arena.add(seat, self.chain.account_of(job.providers[seat]), settled, None)
        if auditor is not None:
            arena.add(AUDITOR_SEAT, self.chain.account_of(auditor), settled, None)
        arena.add(FIRST_CHALLENGER, self.devnet.account(CHALLENGER), other, None)
        return arena

    def vouch(self, order: Order) -> str:
        """The drawn auditor vouches, whatever it computed; who it is."""
        self.devnet.mine(self.market.job(order).audit.since - self.devnet.w3.eth.block_number)
        self.chain.sender(PUBLISHER).send(self.market.advance_audit(order))
        auditor = self.market.auditor_of(self.market.job(order), self.vault)
        assert auditor is not None
        account = self.chain.account_of(auditor)
        Sender(self.devnet.w3, account, poll_s=0.02).send(self.market.vouch(order, b"v" * 32))
        return auditor

    def seat(self, arena: Arena, *executions: Execution) -> None:
        """Players that know nothing of what they sent on a chain that is gone."""
        job = arena.job
        for (seat, (_, dispute)), execution in zip(
            list(arena.keepers.items()), executions, strict=True
        ):
            account = self.chain.account_of(job.providers[seat])
            arena.add(seat, account, execution, dispute.contested)

    def settle(self, arena: Arena) -> None:
        stranger = self.chain.sender(CHALLENGER)
        stranger.send(self.disputes.settle_bond(arena.job.id, FIRST_CHALLENGER))

    @staticmethod
    def moves(arena: Arena, rounds: int) -> None:
        """So many rounds of a game that does not end in them."""
        for _ in range(rounds):
            for keeper, dispute in arena.keepers.values():
                keeper.tend(dispute)


KINDS: Sequence[str] = (
    "convicted",
    "at_once",
    "timed_out",
    "outputs_differ",
    "all_lied",
    "auditor_lied",
    "wrongly_challenged",
    "pending",
)


@contextmanager
def court_in(folder: Path) -> Iterator[Court]:
    """A market with a tiny model."""
    model = compile_tiny(folder / "tiny")
    with Devnet() as devnet:
        chain = equip(devnet, PROVIDERS, publisher_of(model))
        yield Court(chain, lab_of(model, (5, 9)), model)
