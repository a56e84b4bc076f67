"""What parties sign and submit, right or wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tests.model.market_model import Claims, Job
from tests.model.world import World
from touchstone.protocol.claims import Claim, Commit, commitment_of, draw_of, set_of
from touchstone.protocol.eip712 import Signature, sign
from touchstone.protocol.orders import Order
from touchstone.protocol.payload import payload_root

SALT = bytes(31) + b"\7"
INPUT = b"the input"
OUTPUTS = {payload: payload_root(payload, SALT) for payload in (b"A", b"the other output")}
A, B = OUTPUTS.values()
INPUT_ROOT = payload_root(INPUT, SALT)
NOTHING = bytes(32)
JUNK = Signature(bytes([1] * 32), bytes([2] * 32))


class LooseOrder(Order):
    """An order that may break the rules."""

    def __post_init__(self) -> None:
        pass


def compact(signature: Signature) -> tuple[bytes, bytes]:
    return signature.r, signature.vs


@dataclass(frozen=True)
class Speaker:
    """Signs for the seats of one job, as it stood when this was made."""

    world: World
    id: bytes
    job: Job
    seed: bytes
    owners: dict[int, str]

    def commitment(self, seat: int, output: bytes) -> bytes:
        """What the seat's provider would commit to in this round."""
        owner = self.owners[seat]
        return commitment_of(self.id, self._draw(self.job.round), owner, output, SALT)

    def sign_commit(self, seat: int, commitment: bytes, round_: int) -> Signature:
        commit = Commit(self.id, self._draw(round_), commitment)
        return commit.sign(self.world.domain, self.world.accounts[self.owners[seat]])

    def sign_claim(self, seat: int, output: bytes, set_: bytes, round_: int) -> Signature:
        draw = self._draw(round_)
        order = self.job.order
        claim = Claim(self.id, draw, order.shard, order.input_root, output, set_, SALT)
        return claim.sign(self.world.domain, self.world.accounts[self.owners[seat]])

    def claims(
        self, seats: Sequence[int], outputs: Sequence[bytes], bad: int | None
    ) -> tuple[Claims, list[object]]:
        """The claims of seats, as the model and as the market take them."""
        set_ = set_of([self.commitment(s, o) for s, o in zip(seats, outputs, strict=True)])
        reveals: list[object] = []
        for entry, (seat, output) in enumerate(zip(seats, outputs, strict=True)):
            signed = self.sign_claim(seat, output, set_, self.job.round)
            reveals.append((SALT, compact(JUNK if entry == bad else signed)))
        return Claims(tuple(outputs), bad), reveals

    def _draw(self, round_: int) -> bytes:
        return draw_of(self.seed, round_)


def sign_digest(world: World, who: str, digest: bytes) -> bytes:
    return sign(world.accounts[who], digest).expanded()


def broken(order: LooseOrder, how: str, now: int) -> LooseOrder:
    changes = {
        "units": {"units": 17},
        "no units": {"units": 0},
        "replicas": {"replicas": 6},
        "mode": {"mode": 3},
        "audits": {"mode": 0x20, "replicas": 3},
        "tier": {"tier": 5},
        "expired": {"open_by": now},
        "dear": {"tier": 2, "units": 16, "replicas": 5},
    }
    return dataclasses.replace(order, **changes[how])
