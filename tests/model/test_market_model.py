"""Calls of every kind, in every order that Hypothesis can think of, on the real contracts and on a
plain model of them: after each, the whole state and every refusal must agree."""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.model.audit_model import AuditModel
from tests.model.chain import Receipt, calldata
from tests.model.comparing import Comparison, leaves_of
from tests.model.market_model import Job
from tests.model.slow_model import Posted
from tests.model.stake_model import RefusedError, bond
from tests.model.statements import (
    INPUT,
    INPUT_ROOT,
    JUNK,
    NOTHING,
    OUTPUTS,
    SALT,
    A,
    B,
    LooseOrder,
    Speaker,
    broken,
    compact,
    sign_digest,
)
from tests.model.world import TIERS, World, world
from touchstone.protocol.audits import AuditState, seal_of
from touchstone.protocol.claims import receipt_struct_hash
from touchstone.protocol.demands import MOST_ANSWER_BYTES, DemandState
from touchstone.protocol.jobs import Phase
from touchstone.protocol.merkle import merkle_root
from touchstone.protocol.orders import Mode, audit_bits

LONG = os.environ.get("TOUCHSTONE_LONG") == "1"
EXAMPLES, STEPS = (300, 60) if LONG else (20, 30)
DATA = st.data()
FLAWS = ("units", "no units", "replicas", "mode", "audits", "tier", "expired", "dear")


class MarketMachine(RuleBasedStateMachine):
    def __init__(self, world: World, seen: Counter[str]) -> None:
        super().__init__()
        self.world, self.seen = world, seen
        self.stack = ExitStack()
        self.chain, self.model = self.stack.enter_context(world.example())
        self.seeds: dict[bytes, bytes] = {}
        self.nonce = 0

    def teardown(self) -> None:
        self.stack.close()

    # --- one call --------------------------------------------------------------------------------

    def call(
        self,
        who: str,
        target: str,
        name: str,
        *arguments: object,
        model: Callable[[AuditModel, Receipt], None],
    ) -> str | None:
        """Sends a transaction, does the same in the model, and compares what became of them."""
        receipt = self.chain.send(who, target, name, *arguments)
        note(f"{name} by #{self.world.people.index(who)} at {receipt.time}: {receipt.error}")
        trial = copy.deepcopy(self.model)
        for each in (self.model, trial):
            each.block, each.time = receipt.block, receipt.time
        expected = None
        try:
            model(trial, receipt)
        except RefusedError as refusal:
            expected = str(refusal)
        assert receipt.error == expected, (
            f"{name}: the chain says {receipt.error} {receipt.detail}, the model {expected}"
        )
        self.seen[f"{target}.{name}: {expected or 'done'}"] += 1
        if expected is None:
            self.model = trial
            self.seeds.update({id_: drawn.seed for id_, drawn in receipt.drawn.items()})
        return expected

    @invariant()
    def chain_and_model_agree(self) -> None:
        Comparison(self.world, self.chain, self.model).run(self.seeds)

    # --- choosing --------------------------------------------------------------------------------

    def one_in(self, data: st.DataObject, n: int) -> bool:
        return data.draw(st.integers(0, n - 1)) == n - 1

    def job(self, data: st.DataObject, *phases: Phase) -> tuple[bytes, Job]:
        """Mostly a job in one of these phases."""
        fitting = {i: j for i, j in self.model.jobs.items() if j.phase in phases}
        if not fitting or self.one_in(data, 10):
            fitting = self.model.jobs
        newest = list(fitting.items())[-6:]
        return newest[data.draw(st.integers(0, len(newest) - 1))]

    def speaker(self, id_: bytes) -> Speaker:
        job = self.model.jobs[id_]
        owners = {seat: self.model.owner(job, seat) for seat in job.seats}
        return Speaker(self.world, id_, job, self.seeds.get(id_, NOTHING), owners)

    def person(self, data: st.DataObject, likely: str | None = None) -> str:
        if likely is not None and not self.one_in(data, 8):
            return likely
        return data.draw(st.sampled_from(self.world.people))

    def seat(self, data: st.DataObject, likely: list[int]) -> int:
        if not likely or self.one_in(data, 12):
            return data.draw(st.sampled_from([*range(7), 7, 255, 2**255]))
        return data.draw(st.sampled_from(likely))

    def outputs(self, data: st.DataObject, count: int, differing: int) -> list[bytes]:
        if not self.one_in(data, differing):
            return [data.draw(st.sampled_from([A, A, B]))] * count
        choices = [A, B, NOTHING] if self.one_in(data, 5) else [A, B]
        return [data.draw(st.sampled_from(choices)) for _ in range(count)]

    def order(self, data: st.DataObject, audited: bool = False) -> LooseOrder:
        self.nonce += 1
        mode, replicas = int(Mode.REDUNDANT), data.draw(st.integers(2, 4))
        if audited or self.one_in(data, 3):
            odds = data.draw(st.sampled_from([1, 1, 1, 2] if audited else [0, 1, 2]))
            mode, replicas = Mode.OPTIMISTIC | (audit_bits(odds) if odds else 0), 1
        return LooseOrder(
            requester=data.draw(st.sampled_from(self.world.requesters)),
            model=self.world.offered,
            shard=0,
            tier=data.draw(st.sampled_from([TIERS[0], TIERS[0], TIERS[1]])),
            mode=mode,
            replicas=replicas,
            units=data.draw(st.sampled_from([1, 3, 9, 16])),
            input_root=INPUT_ROOT,
            params=bytes(32),
            nonce=self.nonce,
            open_by=2**40 - 1,
        )

    # --- time ------------------------------------------------------------------------------------

    @rule(data=DATA)
    def pass_time(self, data: st.DataObject) -> None:
        """To a moment at which something changes, just before or just after it."""
        moments = self.model.moments()[:8] or [self.model.time + 1000]
        moment = data.draw(st.sampled_from(moments)) + data.draw(st.integers(-2, 1))
        note(f"time passes to {moment}")
        self.chain.pass_to(moment)
        self.model.block, self.model.time = self.chain.block, self.chain.time

    @rule(blocks=st.sampled_from([1, 3, 9, 20]))
    def mine(self, blocks: int) -> None:
        note(f"{blocks} blocks pass")
        self.chain.mine(blocks)
        self.model.block, self.model.time = self.chain.block, self.chain.time

    # --- opening and drawing ---------------------------------------------------------------------

    @initialize(data=DATA)
    def begin(self, data: st.DataObject) -> None:
        for _ in range(2):
            self.open(data)
        for _ in range(2 if self.any_in(Phase.OPEN) else 0):
            self.draw(data)
        self.settle_audited(data)

    @rule(data=DATA)
    def open(self, data: st.DataObject) -> None:
        order = self.order(data)
        if self.one_in(data, 8):
            order = broken(order, data.draw(st.sampled_from(FLAWS)), self.model.time)
        if self.model.jobs and self.one_in(data, 12):
            order = data.draw(st.sampled_from([j.order for j in self.model.jobs.values()]))
        who = self.person(data, order.requester)
        signed = who != order.requester and not self.one_in(data, 3)
        id_ = order.job_id(self.world.domain)
        signature = sign_digest(self.world, order.requester, id_) if signed else b""
        self.call(
            *(who, "market", "open", order.values(), signature),
            model=lambda m, _: m.open(who, [(id_, order, signed)]),
        )

    @rule(data=DATA)
    def open_many(self, data: st.DataObject) -> None:
        orders = [self.order(data) for _ in range(data.draw(st.integers(2, 3)))]
        if not self.one_in(data, 6):
            requester = orders[0].requester
            orders = [LooseOrder(requester, *o.values()[1:]) for o in orders]
        if self.one_in(data, 6):
            orders[-1] = broken(orders[-1], data.draw(st.sampled_from(FLAWS)), self.model.time)
        if self.one_in(data, 8):
            orders[-1] = orders[0]
        who = orders[0].requester
        batch = [(o.job_id(self.world.domain), o, False) for o in orders]
        self.call(
            *(who, "market", "openMany", [o.values() for o in orders], []),
            model=lambda m, _: m.open(who, batch),
        )

    @precondition(lambda self: self.any_in(Phase.OPEN))
    @rule(data=DATA)
    def draw(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.OPEN)
        late = job.since - self.chain.block
        if late > 0 and job.phase is Phase.OPEN and not self.one_in(data, 8):
            self.mine(late)

        def drawn(model: AuditModel, receipt: Receipt) -> None:
            found = receipt.drawn.get(id_)
            model.draw(id_, found.seats if found else None)

        who = self.person(data)
        self.call(who, "market", "draw", job.order.values(), model=drawn)

    @precondition(lambda self: self.any_in(Phase.OPEN))
    @rule(data=DATA)
    def draw_many(self, data: st.DataObject) -> None:
        ids = list(self.model.jobs)[-4:]
        orders = [self.model.jobs[i].order.values() for i in ids]
        self.call(
            *(self.person(data), "market", "drawMany", orders),
            model=lambda m, r: m.draw_many(ids, {i: d.seats for i, d in r.drawn.items()}),
        )

    @precondition(lambda self: self.any_in(Phase.OPEN))
    @rule(data=DATA)
    def expire(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.OPEN)
        # The transaction stands in the block after: in the last that can draw, or the next.
        last = job.since + self.model.p.draw_blocks + data.draw(st.integers(-1, 0))
        if job.phase is Phase.OPEN and last > self.chain.block:
            self.mine(last - self.chain.block)
        self.call(
            *(self.person(data), "market", "expire", job.order.values()),
            model=lambda m, _: m.expire(id_),
        )

    def any_in(self, *phases: Phase) -> bool:
        return any(job.phase in phases for job in self.model.jobs.values())

    # --- claims ----------------------------------------------------------------------------------

    def claims(self, data: st.DataObject, id_: bytes, outputs: list[bytes]):
        job = self.model.jobs[id_]
        seats = job.active[: len(outputs)]
        if seats and self.one_in(data, 10):
            seats = seats[:-1]
        bad = data.draw(st.integers(0, 4)) if seats and self.one_in(data, 8) else None
        if bad is not None and bad >= len(seats):
            bad = None
        return self.speaker(id_).claims(seats, outputs[: len(seats)], bad)

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def settle(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.DRAWN)
        output = self.outputs(data, 1, 20)[0]
        claims, reveals = self.claims(data, id_, [output] * job.order.replicas)
        self.call(
            *(self.person(data), "market", "settle", (job.order.values(), output, reveals)),
            model=lambda m, _: m.settle(id_, claims),
        )

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def settle_many(self, data: st.DataObject) -> None:
        many, settlements = [], []
        for _ in range(2):
            id_, job = self.job(data, Phase.DRAWN)
            claims, reveals = self.claims(data, id_, [A] * job.order.replicas)
            many.append((id_, claims))
            settlements.append((job.order.values(), A, reveals))
        self.call(
            *(self.person(data), "market", "settleMany", settlements),
            model=lambda m, _: m.settle_many(many),
        )

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def contest(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.DRAWN)
        outputs = self.outputs(data, len(job.active), 8)
        if outputs and not self.one_in(data, 4):
            outputs[-1] = A if outputs[0] == B else B
        claims, reveals = self.claims(data, id_, outputs)
        self.call(
            *(self.person(data), "market", "contest"),
            *(job.order.values(), list(claims.outputs), reveals),
            model=lambda m, _: m.contest(id_, claims),
        )
        if self.model.jobs[id_].phase is Phase.CONTESTED and data.draw(st.booleans()):
            self.chain_and_model_agree()
            self.conclude(data)

    @precondition(lambda self: self.any_in(Phase.CONTESTED))
    @rule(data=DATA)
    def conclude(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.CONTESTED)
        ended = data.draw(st.booleans())
        guilty = {seat for seat in range(7) if self.one_in(data, 3)}
        winner = self.person(data) if self.one_in(data, 2) else None
        self.chain.set_verdict(ended, sum(1 << s for s in guilty), int(winner or "0", 16))
        self.call(
            *(self.person(data), "market", "conclude", job.order.values()),
            model=lambda m, _: m.conclude(id_, ended, guilty, winner),
        )

    # --- the slow path ---------------------------------------------------------------------------

    def posted(self, data: st.DataObject, id_: bytes, seat: int):
        """A commitment as the model and as the market take it."""
        job, speaker = self.model.jobs[id_], self.speaker(id_)
        output = self.outputs(data, 1, 20)[0]
        seat_known = seat in job.seats
        commitment = speaker.commitment(seat, output) if seat_known else A
        if self.one_in(data, 15):
            commitment = NOTHING
        signed = seat_known and not self.one_in(data, 10)
        signature = speaker.sign_commit(seat, commitment, job.round) if signed else JUNK
        return Posted(seat, commitment, signed), (commitment, compact(signature))

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def commit(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.DRAWN)
        self.commit_seat(data, id_, self.seat(data, job.active))

    def commit_seat(self, data: st.DataObject, id_: bytes, seat: int) -> None:
        job = self.model.jobs[id_]
        posted, values = self.posted(data, id_, seat)
        owner = self.model.owner(job, seat) if seat in job.seats else None
        who = self.person(data, owner)
        self.call(
            *(who, "market", "commit", job.order.values(), seat, values),
            model=lambda m, _: m.commit(who, id_, posted),
        )

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def commit_all(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.DRAWN)
        for seat in job.silent(job.commits):
            self.commit_seat(data, id_, seat)
            self.chain_and_model_agree()

    def all_committed(self) -> list[bytes]:
        jobs = self.model.jobs.items()
        return [i for i, j in jobs if j.phase is Phase.DRAWN and not j.silent(j.commits)]

    def to_reveal(self, data: st.DataObject) -> tuple[bytes, Job]:
        ready = self.all_committed()
        if not ready or self.one_in(data, 10):
            return self.job(data, Phase.DRAWN)
        return ready[-1], self.model.jobs[ready[-1]]

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def reveal(self, data: st.DataObject) -> None:
        id_, job = self.to_reveal(data)
        self.reveal_seat(data, id_, self.seat(data, job.active))

    def reveal_seat(self, data: st.DataObject, id_: bytes, seat: int) -> str | None:
        job, speaker = self.model.jobs[id_], self.speaker(id_)
        made = {o: speaker.commitment(seat, o) for o in (A, B)} if seat in job.seats else {}
        posted = job.commits.get((job.round, seat))
        right = [o for o, commitment in made.items() if commitment == posted]
        output = right[0] if right and not self.one_in(data, 10) else self.outputs(data, 1, 4)[0]
        return self.call(
            *(self.person(data), "market", "reveal", job.order.values(), seat, output, SALT),
            model=lambda m, _: m.reveal(id_, seat, output, made.get(output)),
        )

    @precondition(lambda self: len(self.all_committed()) > 0)
    @rule(data=DATA)
    def reveal_all(self, data: st.DataObject) -> None:
        id_, job = self.to_reveal(data)
        for seat in job.silent(job.reveals):
            if self.reveal_seat(data, id_, seat) is not None:
                break
            self.chain_and_model_agree()

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def advance(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.DRAWN)
        self.call(
            *(self.person(data), "market", "advance", job.order.values()),
            model=lambda m, _: m.advance(id_),
        )

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def advance_late(self, data: st.DataObject) -> None:
        """Right after a deadline of the job."""
        _, job = self.job(data, Phase.DRAWN)
        deadline = max(job.since + self.model.p.commit_window, job.input.deadline)
        if not job.silent(job.commits):
            deadline = job.since + self.model.p.commit_window + self.model.p.reveal_window
        if deadline > self.chain.time:
            self.chain.pass_to(deadline)
            self.model.block, self.model.time = self.chain.block, self.chain.time
        self.advance(data)

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def commit_and_advance(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.DRAWN)
        seats = [s for s in job.active if not self.one_in(data, 3)]
        if self.one_in(data, 8):
            seats.append(self.seat(data, job.active))
        both = [self.posted(data, id_, seat) for seat in seats]
        who = self.person(data)
        self.call(
            *(who, "market", "commitAndAdvance", job.order.values(), seats),
            [values for _, values in both],
            model=lambda m, _: m.commit_and_advance(who, id_, [posted for posted, _ in both]),
        )

    # --- equivocation ----------------------------------------------------------------------------

    @precondition(lambda self: len(self.seeds) > 0)
    @rule(data=DATA)
    def punish_two_commits(self, data: st.DataObject) -> None:
        id_, job = self.job(data, *set(Phase) - {Phase.NONE, Phase.OPEN})
        seat, speaker = self.seat(data, sorted(job.seats)), self.speaker(id_)
        round_ = job.round + data.draw(st.sampled_from([0, 0, 1, 77]))
        said = job.commits.get((round_, seat), A)
        commitments = [said, said if self.one_in(data, 8) else B]
        # What has been posted needs no signature.
        signs = [not self.one_in(data, 3), not self.one_in(data, 10)]
        signed = [
            compact(speaker.sign_commit(seat, c, round_) if s and seat in job.seats else JUNK)
            for c, s in zip(commitments, signs, strict=True)
        ]

        def stands(job: Job) -> bool:
            posted = job.commits.get((round_, seat))
            return all(s or c == posted for c, s in zip(commitments, signs, strict=True))

        who = self.person(data)
        same = commitments[0] == commitments[1]
        self.call(
            *(who, "market", "punishTwoCommits", job.order.values(), seat, round_),
            *zip(commitments, signed, strict=True),
            model=lambda m, _: m.equivocate(who, id_, seat, "Commit", same, stands),
        )

    @precondition(lambda self: len(self.seeds) > 0)
    @rule(data=DATA)
    def punish_two_claims(self, data: st.DataObject) -> None:
        id_, job = self.job(data, *set(Phase) - {Phase.NONE, Phase.OPEN})
        seat, speaker = self.seat(data, sorted(job.seats)), self.speaker(id_)
        outputs = [A, data.draw(st.sampled_from([A, B, B, B]))]
        sets = [A, data.draw(st.sampled_from([A, A, B]))]
        good = not self.one_in(data, 6)
        claims = []
        for output, set_ in zip(outputs, sets, strict=True):
            signed = good and seat in job.seats
            signature = speaker.sign_claim(seat, output, set_, job.round) if signed else JUNK
            claims.append((output, set_, SALT, compact(signature)))
        same = outputs[0] == outputs[1] and sets[0] == sets[1]
        who = self.person(data)
        self.call(
            *(who, "market", "punishTwoClaims", job.order.values(), seat, job.round, *claims),
            model=lambda m, _: m.equivocate(who, id_, seat, "Claim", same, lambda _: good),
        )

    # --- demands ---------------------------------------------------------------------------------

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def demand_input(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.DRAWN)
        seat = self.seat(data, job.active)
        who = self.person(data, self.model.owner(job, seat) if seat in job.seats else None)
        self.call(
            *(who, "market", "demandInput", job.order.values(), seat),
            model=lambda m, _: m.demand_input(who, id_, seat),
        )

    def answer(self, data: st.DataObject, payload: bytes) -> bytes:
        """Mostly the right bytes."""
        if not self.one_in(data, 6):
            return payload
        return bytes(MOST_ANSWER_BYTES + 1) if self.one_in(data, 4) else b"something else"

    @precondition(lambda self: self.any_in(Phase.DRAWN))
    @rule(data=DATA)
    def answer_input(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.DRAWN)
        payload, who = self.answer(data, INPUT), self.person(data)
        self.call(
            *(who, "market", "answerInput", job.order.values(), payload, SALT),
            model=lambda m, _: m.answer_input(who, id_, len(payload), payload == INPUT),
        )

    @precondition(lambda self: self.any_in(Phase.SETTLED))
    @rule(data=DATA)
    def demand_output(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.SETTLED)
        output = data.draw(st.sampled_from([A, A, A, B]))
        claims, reveals = None, []
        if not any((job.round, s) in job.reveals for s in job.paid) or self.one_in(data, 5):
            bad = 0 if self.one_in(data, 6) else None
            claims, reveals = self.speaker(id_).claims(job.paid, [output] * len(job.paid), bad)
            claims = claims if reveals else None
        who = self.person(data, job.order.requester)
        self.call(
            *(who, "market", "demandOutput", job.order.values(), output, reveals),
            model=lambda m, _: m.demand_output(who, id_, output, claims),
        )

    @precondition(lambda self: self.any_in(Phase.SETTLED))
    @rule(data=DATA)
    def answer_output(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.SETTLED)
        roots = {root: payload for payload, root in OUTPUTS.items()}
        payload = self.answer(data, roots.get(job.demanded_output, b"A"))
        who, root = self.person(data), OUTPUTS.get(payload, NOTHING)
        self.call(
            *(who, "market", "answerOutput", job.order.values(), payload, SALT),
            model=lambda m, _: m.answer_output(who, id_, len(payload), root),
        )

    def demanded(self) -> bool:
        asked = (d.state for j in self.model.jobs.values() for d in (j.input, j.output))
        return DemandState.PENDING in asked

    @precondition(demanded)
    @rule(data=DATA)
    def close_demand(self, data: st.DataObject) -> None:
        jobs = self.model.jobs.items()
        pending = DemandState.PENDING
        ids = [i for i, j in jobs if pending in (j.input.state, j.output.state)]
        id_ = data.draw(st.sampled_from(list(self.model.jobs) if self.one_in(data, 6) else ids))
        job = self.model.jobs[id_]
        deadline = max(job.input.deadline, job.output.deadline)
        if deadline > self.chain.time and data.draw(st.booleans()):
            self.chain.pass_to(deadline)
        self.call(
            *(self.person(data), "market", "closeDemand", job.order.values()),
            model=lambda m, _: m.close_demand(id_),
        )

    @precondition(lambda self: self.any_in(Phase.SETTLED))
    @rule(data=DATA)
    def acknowledge(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.SETTLED)
        output = data.draw(st.sampled_from([A, A, B]))
        who = self.person(data, job.order.requester)
        signed = data.draw(st.booleans())
        digest = self.world.domain.digest(receipt_struct_hash(id_, output))
        signature = sign_digest(self.world, job.order.requester, digest) if signed else b""
        self.call(
            *(who, "market", "acknowledge", job.order.values(), output, signature),
            model=lambda m, _: m.acknowledge(who, id_, output, signed),
        )

    # --- audits ----------------------------------------------------------------------------------

    @rule(data=DATA)
    def settle_audited(self, data: st.DataObject) -> None:
        """A job of one provider from its order to the block that names its auditor."""
        order = self.order(data, audited=True)
        id_, who = order.job_id(self.world.domain), order.requester
        opened = self.call(
            *(who, "market", "open", order.values(), b""),
            model=lambda m, _: m.open(who, [(id_, order, False)]),
        )
        if opened is not None:
            return
        self.mine(max(self.model.jobs[id_].since - self.chain.block, 0))
        drawn = self.call(
            *(who, "market", "draw", order.values()),
            model=lambda m, r: m.draw(id_, r.drawn[id_].seats if id_ in r.drawn else None),
        )
        if drawn is not None:
            return
        self.chain_and_model_agree()
        output = data.draw(st.sampled_from([A, A, A, B]))
        claims, reveals = self.speaker(id_).claims([0], [output], None)
        self.call(
            *(who, "market", "settle", (order.values(), output, reveals)),
            model=lambda m, _: m.settle(id_, claims),
        )
        self.chain_and_model_agree()
        late = self.model.jobs[id_].audit.since - self.chain.block
        if late > 0 and not self.one_in(data, 4):
            self.mine(late)
            self.advance_audit_of(data, id_)

    def in_audit(self, *states: AuditState) -> list[bytes]:
        return [i for i, j in self.model.jobs.items() if j.audit.state in states]

    def audited(self, data: st.DataObject, *states: AuditState) -> tuple[bytes, Job]:
        """Mostly a job whose audit is in one of these states."""
        fitting = self.in_audit(*states)
        if not fitting or self.one_in(data, 10):
            fitting = list(self.model.jobs)
        id_ = data.draw(st.sampled_from(fitting[-4:]))
        return id_, self.model.jobs[id_]

    def auditor(self, data: st.DataObject, job: Job) -> str:
        return self.person(data, self.model.auditor(job) if job.audit.leaves else None)

    def named(self, id_: bytes) -> tuple[int, ...]:
        """The leaves that the chain has drawn by now."""
        [words] = self.chain.read([("market", calldata("market", "auditOf", (id_,)))])
        return leaves_of(words[5])

    @precondition(lambda self: self.any_in(Phase.SETTLED))
    @rule(data=DATA)
    def request_audit(self, data: st.DataObject) -> None:
        id_, job = self.job(data, Phase.SETTLED)
        who = self.person(data, job.order.requester)
        self.call(
            *(who, "market", "requestAudit", job.order.values()),
            model=lambda m, _: m.request_audit(who, id_),
        )

    @precondition(lambda self: len(self.in_audit(AuditState.DUE)) > 0)
    @rule(data=DATA)
    def draw_auditor(self, data: st.DataObject) -> None:
        id_, job = self.audited(data, AuditState.DUE)
        late = job.audit.since - self.chain.block
        if job.audit.state is AuditState.DUE and late > 0 and not self.one_in(data, 8):
            self.mine(late)
        self.advance_audit_of(data, id_)

    @precondition(lambda self: len(self.in_audit(AuditState.DRAWN)) > 0)
    @rule(data=DATA)
    def advance_audit(self, data: st.DataObject) -> None:
        id_, job = self.audited(data, AuditState.DRAWN)
        until = max(job.audit.since + self.model.p.commit_window, job.input.deadline)
        if job.audit.state is AuditState.DRAWN and until > self.chain.time and self.one_in(data, 2):
            self.chain.pass_to(until)
        self.advance_audit_of(data, id_)

    def advance_audit_of(self, data: st.DataObject, id_: bytes) -> None:
        order = self.model.jobs[id_].order.values()
        self.call(
            *(self.person(data), "market", "advanceAudit", order),
            model=lambda m, _: m.advance_audit(id_, self.named(id_)),
        )

    @precondition(lambda self: len(self.in_audit(AuditState.DRAWN)) > 0)
    @rule(data=DATA)
    def vouch(self, data: st.DataObject) -> None:
        id_, job = self.audited(data, AuditState.DRAWN)
        who = self.auditor(data, job)
        good = seal_of(id_, who, merkle_root(b"A"), SALT)
        seal = data.draw(st.sampled_from([good, good, A, NOTHING]))
        self.call(
            *(who, "market", "vouch", job.order.values(), seal),
            model=lambda m, _: m.vouch(who, id_, seal),
        )

    @precondition(lambda self: len(self.in_audit(AuditState.VOUCHED)) > 0)
    @rule(data=DATA)
    def refute_vouch(self, data: st.DataObject) -> None:
        id_, job = self.audited(data, AuditState.VOUCHED)
        claims, reveals = None, []
        if job.paid and not any((job.round, s) in job.reveals for s in job.paid):
            bad = 0 if self.one_in(data, 6) else None
            claims, reveals = self.speaker(id_).claims(job.paid, [A] * len(job.paid), bad)
        opens = not self.one_in(data, 4)
        sealed = merkle_root(b"A") if opens else B
        auditor = self.model.auditor(job) if job.audit.leaves else self.world.people[0]
        good = seal_of(id_, auditor, sealed, SALT)
        self.call(
            *(self.person(data), "market", "refuteVouch"),
            *(job.order.values(), A, reveals, sealed, SALT),
            model=lambda m, _: m.refute_vouch(id_, A, claims, opens, good),
        )

    @precondition(lambda self: len(self.in_audit(AuditState.DRAWN)) > 0)
    @rule(data=DATA)
    def demand_audit_input(self, data: st.DataObject) -> None:
        id_, job = self.audited(data, AuditState.DRAWN)
        who = self.auditor(data, job)
        self.call(
            *(who, "market", "demandAuditInput", job.order.values()),
            model=lambda m, _: m.demand_audit_input(who, id_),
        )

    @precondition(lambda self: len(self.in_audit(AuditState.DRAWN)) > 0)
    @rule(data=DATA)
    def answer_audit_input(self, data: st.DataObject) -> None:
        id_, job = self.audited(data, AuditState.DRAWN)
        payload, who = self.answer(data, INPUT), self.person(data)
        self.call(
            *(who, "market", "answerAuditInput", job.order.values(), payload, SALT),
            model=lambda m, _: m.answer_audit_input(who, id_, len(payload), payload == INPUT),
        )

    # --- money and stake -------------------------------------------------------------------------

    @rule(data=DATA)
    def withdraw(self, data: st.DataObject) -> None:
        rich = [who for who in self.world.people if self.model.balance(who)[0]]
        who = self.person(data, rich[0] if rich else None)
        self.call(who, "market", "withdraw", model=lambda m, _: m.withdraw(who))

    @rule(data=DATA)
    def pledge(self, data: st.DataObject) -> None:
        who, tier = self.person(data), data.draw(st.sampled_from(TIERS))
        slots = data.draw(st.sampled_from([0, 1, 1, 2, 3]))
        self.call(
            *(who, "vault", "pledge", self.world.offered, 0, tier, slots),
            model=lambda m, _: m.pledge(who, tier, slots),
        )

    @rule(data=DATA)
    def unpledge(self, data: st.DataObject) -> None:
        who, tier = self.person(data), data.draw(st.sampled_from(TIERS))
        slots = data.draw(st.sampled_from([0, 1, 1, 2, 4]))
        self.call(
            *(who, "vault", "unpledge", self.world.pool(tier), slots),
            model=lambda m, _: m.unpledge(who, tier, slots),
        )

    @precondition(lambda self: self.model.unbonding_count > 0)
    @rule(data=DATA)
    def finish_unbonding(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.model.unbonding_count + 1))
        leaving = self.model.unbondings.get(number)
        if leaving and leaving.ready > self.chain.time + 1 and data.draw(st.booleans()):
            self.chain.pass_to(leaving.ready - 1)
        self.call(
            *(self.person(data), "vault", "finishUnbonding", number),
            model=lambda m, _: m.finish_unbonding(number),
        )

    @rule(data=DATA, amount=st.sampled_from([0, 1, bond(0), 2 * bond(2)]))
    def deposit(self, data: st.DataObject, amount: int) -> None:
        who = self.person(data)
        self.call(who, "vault", "deposit", amount, model=lambda m, _: m.deposit(who, amount))

    @rule(data=DATA, amount=st.sampled_from([0, 1, bond(0), 2 * bond(2)]))
    def withdraw_stake(self, data: st.DataObject, amount: int) -> None:
        who = self.person(data)
        self.call(
            who, "vault", "withdraw", amount, model=lambda m, _: m.withdraw_stake(who, amount)
        )


@pytest.fixture(scope="module")
def the_world() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.mark.timeout(7200 if LONG else 300)
def test_the_contracts_do_what_the_model_does_after_every_call(the_world: World) -> None:
    seen: Counter[str] = Counter()
    run_state_machine_as_test(
        lambda: MarketMachine(the_world, seen),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Stage.generate, Stage.shrink] if LONG else [Stage.generate],
            print_blob=False,
        ),
    )
    if os.environ.get("TOUCHSTONE_SHOW") == "1":
        print("\n".join(f"{n:6} {what}" for what, n in sorted(seen.items())))
