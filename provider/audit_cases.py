"""The audits that concern a node, and what it found out about each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provider.unseen import Unseen
from provider.watcher import LOOK_BACK_BLOCKS
from touchstone.chain.market import order_of_event
from touchstone.protocol.ids import JobId, PoolId
from touchstone.receipts.facts import settling_reveals

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from web3.types import EventData

    from provider.audit_duties import AuditDuty
    from touchstone.chain.market import Market, Reveal
    from touchstone.protocol.jobs import JobState
    from touchstone.protocol.orders import Order

_EVENTS = ("Opened", "AuditDue", "AuditorDrawn", "Vouched")
_MOST_ORDERS = 10_000


@dataclass(slots=True)
class AuditCase:
    """A job with an audit.

    Attributes:
        order: the job's order.
        waits_at: the block at which nothing was due: all that changes comes with another.
        tried: when each duty was tried last, by the monotonic clock.
        found: what the node computed itself: output, salt and root of 32 bytes; None before.
        settled: the event of its settlement; None until it was read.
        input_root: of the input that it was settled for, 32 bytes.
    """

    order: Order
    waits_at: int = -1
    tried: dict[AuditDuty, float] = field(default_factory=dict)
    found: tuple[bytes, bytes, bytes] | None = None
    settled: EventData | None = None
    input_root: bytes = b""

    def is_about(self, input_root: bytes) -> None:
        """The job's input: what is known of another one, which a reorganisation has undone, is
        forgotten."""
        if input_root != self.input_root:
            self.input_root, self.found, self.settled = input_root, None, None

    @property
    def agrees(self) -> bool | None:
        """Whether that is what the job was settled on; None where either is not known."""
        if self.found is None or self.settled is None:
            return None
        return self.found[2] == self.settled_root

    @property
    def settled_root(self) -> bytes:
        """The output root that the job was settled on, 32 bytes."""
        assert self.settled is not None
        return bytes(self.settled["args"]["outputRoot"])

    def evidence(self, market: Market, state: JobState) -> tuple[bytes, Sequence[Reveal]]:
        """The settled output root with what shows the market that it is. Raises ReceiptError."""
        assert self.settled is not None
        transaction = self.settled["transactionHash"].to_0x_hex()
        root = self.settled_root
        return root, settling_reveals(market, state, root, transaction)


class AuditCases:
    """Learns of audits in the pools that the node serves."""

    def __init__(self, market: Market, served: Collection[PoolId]) -> None:
        """Follows the market's jobs in these pools."""
        self._market = market
        self._served = served
        self._unseen = Unseen(market, _EVENTS)
        self._orders: dict[JobId, Order] = {}
        self._cases: dict[JobId, AuditCase] = {}
        self._read_until = -1

    def items(self) -> list[tuple[JobId, AuditCase]]:
        """All that go on."""
        return list(self._cases.items())

    def drop(self, job: JobId) -> None:
        """Nothing more is to be done about this one."""
        del self._cases[job]

    def read(self, head: int) -> None:
        """Takes up what the blocks until `head` say. Raises what the chain raises."""
        if head == self._read_until:
            return
        last = self._read_until if self._read_until >= 0 else head - LOOK_BACK_BLOCKS
        events = self._unseen.read(min(last, head), head)
        for event in events:
            self._learn(event)
        self._unseen.handled(events, head)
        self._read_until = head

    def _learn(self, event: EventData) -> None:
        job = JobId(bytes(event["args"]["job"]))
        if event["event"] == "Opened":
            if PoolId(bytes(event["args"]["pool"])) in self._served:
                self._orders[job] = order_of_event(event)
                if len(self._orders) > _MOST_ORDERS:
                    del self._orders[next(iter(self._orders))]
        elif job in self._orders and job not in self._cases:
            self._cases[job] = AuditCase(self._orders[job])
