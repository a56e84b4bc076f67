"""The whole state of the chain against the model's."""

from __future__ import annotations

from tests.model.audit_model import AuditModel
from tests.model.chain import Chain, calldata
from tests.model.stake_model import BURN
from tests.model.world import World
from touchstone.protocol.audits import AuditState
from touchstone.protocol.demands import DemandState
from touchstone.protocol.jobs import SEATS, seats_of
from touchstone.protocol.merkle import ZERO

LANES = 12
SEEDS_AHEAD = 4


def _number(account: str) -> int:
    return int(account or "0", 16)


def _bits(seats: object) -> int:
    return sum(1 << seat for seat in seats)  # type: ignore[attr-defined]


class Comparison:
    """Pairs of a view and what it must return."""

    def __init__(self, world: World, chain: Chain, model: AuditModel) -> None:
        self.world, self.chain, self.model = world, chain, model
        self.calls: list[tuple[str, str]] = []
        self.expected: list[tuple[str, object, object]] = []

    def run(self, seeds: dict[bytes, bytes]) -> None:
        self._accounts()
        self._pools()
        self._seed_values()
        for id_ in self.model.jobs:
            self._job(id_, seeds.get(id_, ZERO))
        answers = self.chain.read(self.calls)
        for (what, expected, shape), words in zip(self.expected, answers, strict=True):
            found = shape(words) if callable(shape) else words
            assert found == expected, f"{what}: the chain has {found}, the model {expected}"
        held, owed = self.model.tokens["market"], self.model.owed()
        assert held == owed, f"the market holds {held} and owes {owed}"
        held, owed = self.model.tokens["vault"], self.model.backing()
        assert held == owed, f"the vault holds {held} and owes {owed}"

    def _ask(
        self, what: str, expected: object, target: str, name: str, *args: object, shape: object = 0
    ) -> None:
        self.calls.append((target, calldata(target, name, args)))
        self.expected.append((f"{name} of {what}", expected, shape))

    def _accounts(self) -> None:
        model = self.model
        for place, who in enumerate(self.world.people):
            self._ask(f"#{place}", list(model.balance(who)), "market", "balanceOf", who)
            self._ask(f"#{place}", [model.free[who]], "vault", "freeStake", who)
            self._ask(f"#{place}", [model.tokens[who]], "token", "balanceOf", who)
        addresses = {
            "market": self.chain.addresses["market"],
            "vault": self.chain.addresses["vault"],
            BURN: "0x000000000000000000000000000000000000dEaD",
        }
        for name, address in addresses.items():
            self._ask(name, [model.tokens[name]], "token", "balanceOf", address)

    def _pools(self) -> None:
        model = self.model
        for tier, pool in model.pools.items():
            total = sum(leaf.weight(model.epoch) for leaf in pool)
            id_ = self.world.pool(tier)
            self._ask(f"tier {tier}", [total], "vault", "totalWeight", id_)
            for place, leaf in enumerate(pool):
                what = f"leaf {place} of tier {tier}"
                lanes = sum(leaf.locks[model.bucket + i] << (16 * i) for i in range(LANES))
                bonds = [leaf.slots, leaf.held, model.bucket, lanes]
                weights = [leaf.weight(model.epoch), leaf.next_weight]
                self._ask(what, bonds, "vault", "bondsOf", id_, place)
                self._ask(what, [model.in_use(leaf)], "vault", "inUse", id_, place)
                self._ask(what, weights, "vault", "weightOf", id_, place)

    def _seed_values(self) -> None:
        for ahead in range(1, 1 + SEEDS_AHEAD):
            block = self.model.block + ahead
            value = self.model.seeds.get(block, 0)
            self._ask(f"block {block}", [value], "market", "valueOfSeed", block)

    def _job(self, id_: bytes, seed: bytes) -> None:
        job = self.model.jobs[id_]
        what = f"job {list(self.model.jobs).index(id_)} ({job.phase.name})"
        active = job.active
        expected = {
            "phase": job.phase,
            "since": job.since,
            "bucket": job.lock_bucket,
            "failed": _bits(job.failed),
            "round": job.round,
            "seats": job.seats,
            "seed": int.from_bytes(seed, "big"),
            "input": _word(job.order.input_root),
            "active": active,
            "providers": [_number(self.model.owner(job, s)) for s in active],
            "commits": [_word(job.commits.get((job.round, s))) for s in active],
            "reveals": [_word(job.reveals.get((job.round, s))) for s in active],
        }
        self._ask(what, expected, "market", "stateOf", job.order.values(), shape=_state)
        for output, demand in ((False, job.input), (True, job.output)):
            fields: list[object] = [demand.state]
            if demand.state is not DemandState.NONE:
                fields = [_number(demand.demander), demand.deadline, demand.state]
                fields.append(_bits(demand.seats))
            self._ask(
                f"{what} output={output}", fields, "market", "demandOf", id_, output, shape=_demand
            )
        audit = job.audit
        fields = [audit.state, _word(audit.seal)]
        if audit.state in (AuditState.DUE, AuditState.DRAWN, AuditState.VOUCHED):
            fields += [audit.since, audit.bucket, audit.odds, 0, audit.leaves]
        self._ask(f"{what} audit", fields, "market", "auditOf", id_, shape=_audit)


def _audit(words: list[int]) -> list[object]:
    state, since, bucket, odds, held, leaves, seal = words
    if state in (AuditState.NONE, AuditState.OVER):
        return [state, seal]
    return [state, seal, since, bucket, odds, held, leaves_of(leaves)]


def leaves_of(word: int) -> tuple[int, ...]:
    """The leaves in the lanes of an audit."""
    lanes = (word >> 24 * lane & 0xFFFFFF for lane in range(3))
    return tuple(lane - 1 for lane in lanes if lane)


def _word(value: bytes | None) -> int:
    return int.from_bytes(value or ZERO, "big")


def _demand(words: list[int]) -> list[int]:
    return words[2:3] if words[2] == DemandState.NONE else words


def _state(words: list[int]) -> dict[str, object]:
    names = ("phase", "since", "bucket", "failed", "round")
    found: dict[str, object] = dict(zip(names, words, strict=False))
    assert words[5] >> (24 * SEATS) == 0
    found["seats"], found["seed"], found["input"] = seats_of(words[5]), words[6], words[7]
    for place, name in enumerate(("active", "providers", "commits", "reveals")):
        start = words[8 + place] // 32
        found[name] = words[start + 1 : start + 1 + words[start]]
    return found
