"""The receipt's format. Bytes are 0x-prefixed hex; amounts and event integers are decimal text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from touchstone.coordination.messages import Address, Bytes32, Bytes64, Message
from touchstone.errors import ReceiptError
from touchstone.receipts.orders import OrderFields

FORMAT = "touchstone-receipt/1"

Decimal = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]*)$")]
Hex = Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$")]
Seat = Annotated[int, Field(ge=0, le=6)]
EventValue = str | bool | list[str]


class Contracts(Message):
    """Where the contracts stand."""

    market: Address
    vault: Address
    registry: Address
    token: Address
    resolver: Address
    beacon: Address


class Place(Message):
    """Where something stands in the chain."""

    block: int
    block_hash: Bytes32
    transaction: Bytes32
    log_index: int


class ModelFacts(Message):
    """The model version that the order names."""

    name: str
    version: str
    publisher: Address
    program_root: Bytes32
    weight_root: Bytes32
    shard_root: Bytes32
    published: Place


class Opening(Message):
    """Who opened the job; the requester's signature where that was somebody else."""

    sender: Address
    signature: Hex | None


class Event(Place):
    """Something that happened to the job, without the job's id and the order."""

    event: str
    args: dict[str, EventValue]


class SeatFacts(Message):
    """A drawn seat, a reserve or an active one."""

    seat: Seat
    leaf: int
    provider: Address


class Draw(Message):
    """Who was drawn, and what stood behind each of them."""

    seed: Bytes32
    round: int
    draw: Bytes32
    bond: Decimal
    seats: list[SeatFacts]


class ClaimFacts(Message):
    """What one seat claimed. Without a signature where it was revealed on chain."""

    seat: Seat
    output_root: Bytes32
    salt: Bytes32
    commitment: Bytes32
    signature: Bytes64 | None


class Payment(Message):
    """What a seat's provider earned."""

    seat: Seat
    provider: Address
    amount: Decimal


class Verdict(Message):
    """How the job stands."""

    phase: str
    output_root: Bytes32 | None
    payments: list[Payment]
    refund: Decimal
    reason: str | None


class AuditFacts(Message):
    """Who looked at the settled result again: the last audit, where there were several.

    The amounts are those of all audits together: what the requester paid for them besides the
    order, what went to auditors, what went back to the requester (which the verdict's refund
    counts too), and what waits.
    """

    state: str
    odds: int
    auditor: Address | None
    leaf: int | None
    seal: Bytes32 | None
    ended: str | None
    failed: str | None
    requested: Decimal
    fee: Decimal
    returned: Decimal
    waiting: Decimal


class Payloads(Message):
    """Opens the blinded roots. Whoever has it can test guesses of the input."""

    salt: Bytes32
    input_root: Bytes32
    output_root: Bytes32 | None


class Receipt(Message):
    """Everything about one job."""

    format: Literal["touchstone-receipt/1"]
    chain_id: int
    contracts: Contracts
    job: Bytes32
    order: OrderFields
    opening: Opening
    model: ModelFacts
    draw: Draw | None
    claims: list[ClaimFacts]
    set: Bytes32 | None
    verdict: Verdict
    audit: AuditFacts | None
    events: list[Event]
    payloads: Payloads | None = None


def parse_receipt(data: Any) -> Receipt:
    """The receipt in decoded JSON. Raises ReceiptError, naming the field, if it is not one."""
    try:
        return Receipt.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ReceiptError(f"not a {FORMAT}: {where}: {first['msg']}") from None
