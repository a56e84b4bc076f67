"""Contested jobs on a real chain, and parties that play them: honest ones and cheats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from tests.attacks.chains import Chain
from tests.cheats.folding import FoldingCase
from tests.cheats.tampering import Int32, Tamper, honest, values_of
from tests.support.world import PUBLISHER
from touchstone.chain.disputes import Disputes
from touchstone.chain.sender import Sender
from touchstone.disputes.case import Case
from touchstone.disputes.moves import Move
from touchstone.errors import TransactionReverted
from touchstone.players.keeper import Contested, Dispute, Keeper
from touchstone.players.log import Log
from touchstone.players.served import Served
from touchstone.programs import load_model
from touchstone.programs.model import Model
from touchstone.protocol.claims import draw_of
from touchstone.protocol.jobs import JobState, seats_in
from touchstone.protocol.orders import STRONG
from touchstone.protocol.payload import encode_payload, payload_root
from touchstone.transcripts.evidence import EvidenceBuilder
from touchstone.transcripts.transcript import Transcript, body_of

JOB_SALT = b"j" * 32


@dataclass
class Execution:
    """One party's execution of a job."""

    case: Case
    output: bytes
    root: bytes
    runs: dict[bytes, list[Int32]]


@dataclass
class Lab:
    """A model, and what executions of it give."""

    model: Model
    sequences: list[Int32]
    builder: EvidenceBuilder = field(init=False)
    payload: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.builder = EvidenceBuilder(self.model.program, self.model.tensors)
        self.payload = encode_payload(self.sequences)

    @property
    def rows(self) -> int:
        """Rows of work in the input."""
        return sum(map(len, self.sequences))

    def execute(
        self,
        tamper: Tamper = honest,
        edit: Callable[[bytes], bytes] = lambda output: output,
        *,
        strong: bool = False,
    ) -> Execution:
        """Runs the job as a party would that tampers with it, or edits its output."""
        runs = self._runs(tamper)
        return self._execution(runs, edit, strong, liar=tamper is not honest)

    def retell(self, right: Execution, tamper: Tamper) -> Execution:
        """An honest execution told with a lie: what follows the lie is told as it was."""
        runs = {
            key: [tamper(number, v, x) for v, x in enumerate(values)]
            for number, (key, values) in enumerate(right.runs.items())
        }
        return self._execution(runs, lambda _: right.output, liar=True)

    def _runs(self, tamper: Tamper) -> dict[bytes, list[Int32]]:
        return {
            s.tobytes(): values_of(self.model, tamper, i, s) for i, s in enumerate(self.sequences)
        }

    def _execution(
        self,
        runs: dict[bytes, list[Int32]],
        edit: Callable[[bytes], bytes],
        strong: bool = False,
        *,
        liar: bool,
    ) -> Execution:
        program = self.model.program

        def replay(sequence: Int32) -> Iterator[tuple[int, Int32]]:
            yield from enumerate(runs[sequence.tobytes()])

        outputs = [runs[s.tobytes()][program.output].reshape(-1) for s in self.sequences]
        output = edit(encode_payload(outputs))
        if strong:
            output = body_of(program, replay, self.sequences) + output
        transcript = Transcript(program, replay, self.sequences, output)
        kind = FoldingCase if liar else Case
        case = kind(
            program,
            self.model.manifest.program_root,
            self.model.tensors,
            self.payload,
            transcript,
            strong,
            self.builder,
        )
        return Execution(case, output, payload_root(output, JOB_SALT), runs)


@cache
def lab_of(folder: Path, lengths: tuple[int, ...]) -> Lab:
    """The model in a folder, on made-up sequences of these lengths."""
    random = np.random.default_rng(3)
    model = load_model(folder)
    vocabulary = model.program.operators[0].constants[0].shape[0]
    sequences = [random.integers(0, vocabulary, n).astype(np.int32) for n in lengths]
    return Lab(model, sequences)


@dataclass
class Arena:
    """One contested job and its parties' keepers."""

    chain: Chain
    job: JobState
    disputes: Disputes
    keepers: dict[int, tuple[Keeper, Dispute]]
    gas: dict[int, list[tuple[list[Move], int]]]
    served: Served | None = None

    @classmethod
    def contested(
        cls,
        chain: Chain,
        lab: Lab,
        executions: Sequence[Execution],
        *,
        strong: bool = False,
        served: Served | None = None,
        units: int | None = None,
    ) -> Arena:
        """A job whose seats claim what these executions give; `units` of work are paid for, or as
        many as the input needs."""
        return cls.contested_by(
            chain,
            lab,
            len(executions),
            lambda _: executions,
            strong=strong,
            served=served,
            units=units,
        )

    @classmethod
    def contested_by(
        cls,
        chain: Chain,
        lab: Lab,
        replicas: int,
        claimed: Callable[[JobState], Sequence[Execution]],
        *,
        strong: bool = False,
        served: Served | None = None,
        units: int | None = None,
    ) -> Arena:
        """The same, where it is known only after the draw who claims what."""
        order = chain.order(
            replicas,
            payload_root(lab.payload, JOB_SALT),
            units=units or -(-lab.rows // 8),
            mode=STRONG if strong else 0,
        )
        job = chain.open_and_draw(order)
        executions = claimed(job)
        chain.contest(job, [execution.root for execution in executions])
        disputes = Disputes(chain.devnet.w3, chain.deployment)
        found = cls(chain, job, disputes, {}, {}, served)
        contested = Contested(
            draw_of(job.seed, job.round), tuple(job.active), tuple(e.root for e in executions)
        )
        for seat, execution in zip(job.active, executions, strict=True):
            found.add(seat, chain.account_of(job.providers[seat]), execution, contested)
        return found

    @classmethod
    def settled(cls, chain: Chain, lab: Lab, executions: Sequence[Execution]) -> Arena:
        """A job that settled on the one output that all these executions claim."""
        (root,) = {execution.root for execution in executions}
        order = chain.order(
            len(executions),
            payload_root(lab.payload, JOB_SALT),
            units=-(-lab.rows // 8),
        )
        job = chain.open_and_draw(order)
        chain.sender(PUBLISHER).send(chain.market.settle([chain.settlement(job, root)]))
        found = cls(chain, job, Disputes(chain.devnet.w3, chain.deployment), {}, {})
        for seat, execution in zip(job.active, executions, strict=True):
            found.add(seat, chain.account_of(job.providers[seat]), execution, None)
        return found

    def challenge(self, index: int, settled: Execution, execution: Execution) -> int:
        """A stranger disputes the settled job with a bond; its number."""
        chain, disputes = self.chain, self.disputes
        account, sender = chain.devnet.account(index), chain.sender(index)
        sender.send(chain.token.approve(disputes.address, disputes.bond))
        reveals = chain.reveals(self.job, [settled.root] * len(self.job.active))
        call = disputes.challenge(self.job.order, settled.root, reveals, execution.root)
        sender.send(call)
        number = disputes.contest(self.job.id).parties - 1
        self.add(number, account, execution, None)
        return number

    def join(self, index: int, execution: Execution) -> int:
        """A stranger joins the contest with a bond; its number."""
        disputes, account = self.disputes, self.chain.devnet.account(index)
        sender = self.chain.sender(index)
        sender.send(self.chain.token.approve(disputes.address, disputes.bond))
        sender.send(disputes.join(self.job.id, execution.root))
        number = disputes.contest(self.job.id).parties - 1
        self.add(number, account, execution, None)
        return number

    def conclude(self) -> None:
        """Has the verdict carried out, by somebody with no part in it."""
        self.chain.sender(PUBLISHER).send(self.chain.market.conclude(self.job.order))

    def add(self, number, account, execution: Execution, contested: Contested | None) -> None:
        sender = Sender(self.chain.devnet.w3, account, poll_s=0.005)
        made = self.gas.setdefault(number, [])
        keeper = Keeper(
            self.disputes,
            sender,
            Log(self.disputes, self.disputes.first_block),
            lambda job, moves, receipt: made.append((list(moves), receipt["gasUsed"])),
            self.served,
        )
        dispute = Dispute(self.job.order, self.job.id, JOB_SALT, contested, lambda: execution.case)
        self.keepers[number] = (keeper, dispute)

    def play(self, rounds: int = 60, silent: Sequence[int] = ()) -> tuple[bool, set[int]]:
        """All but the silent take turns until nobody moves or the verdict is there; the guilty."""
        idle = 0
        for _ in range(rounds):
            moved = False
            for number, (keeper, dispute) in self.keepers.items():
                if number not in silent:
                    # A cheat tries what the engine refuses.
                    with suppress(TransactionReverted):
                        moved = bool(keeper.tend(dispute)) or moved
            self.hear_others()
            ended, guilty = self.verdict()
            idle = 0 if moved else idle + 1
            if ended or idle > 2:
                return ended, guilty
            if not moved:
                self.chain.devnet.increase_time(1)
        raise AssertionError("the game does not end")

    def play_out(self, turns: Mapping[int, int] | None = None) -> set[int]:
        """As `play`, until the verdict is there: those in `turns` move so often and then keep
        silent, and whenever nobody moves, a clock runs out. The guilty."""
        left = dict(turns or {})
        for _ in range(60):
            moved = False
            for number, (keeper, dispute) in self.keepers.items():
                if left.get(number, 1) > 0 and _tends(keeper, dispute):
                    moved = True
                    if number in left:
                        left[number] -= 1
            ended, guilty = self.verdict()
            if ended:
                return guilty
            if not moved:
                self.chain.devnet.increase_time(self.disputes.clock + 1)
                self.chain.devnet.mine()
        raise AssertionError("the game does not end")

    def hear_others(self) -> None:
        """Whoever finds all seats of a contested job wrong has had its time to say so."""
        contest = self.disputes.contest(self.job.id)
        if contest.agreed or contest.games or not contest.guilty:
            return
        heard = contest.ends_at - self.disputes.window + self.disputes.clock
        left = heard - self.chain.market.clock().time
        if left > 0:
            self.chain.devnet.increase_time(left)
            self.chain.devnet.mine()

    def verdict(self) -> tuple[bool, set[int]]:
        ended, guilty, _ = self.disputes.verdict(self.job.id)
        return ended, set(seats_in(guilty))


def _tends(keeper: Keeper, dispute: Dispute) -> bool:
    """Whether it moved. A liar may try what the engine refuses."""
    try:
        return bool(keeper.tend(dispute))
    except TransactionReverted:
        return False
