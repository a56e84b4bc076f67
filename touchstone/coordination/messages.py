"""The messages between coordinators and provider nodes, as JSON. See docs/protocol.md."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator
from pydantic.functional_validators import BeforeValidator


def _parse(size: int | None) -> BeforeValidator:
    def parse(value: object) -> bytes:
        if isinstance(value, bytes):
            data = value
        elif isinstance(value, str) and value.startswith("0x"):
            data = bytes.fromhex(value[2:])
        else:
            raise ValueError("expected 0x-prefixed hex")
        if size is not None and len(data) != size:
            raise ValueError(f"expected {size} bytes, got {len(data)}")
        return data

    return BeforeValidator(parse)


_AS_HEX = PlainSerializer(lambda data: "0x" + data.hex(), return_type=str)

Bytes32 = Annotated[
    bytes, _parse(32), _AS_HEX, WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"})
]
Bytes64 = Annotated[
    bytes,
    _parse(64),
    _AS_HEX,
    WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-fA-F]{128}$"}),
]
Bytes = Annotated[bytes, _parse(None), _AS_HEX, WithJsonSchema({"type": "string"})]
Address = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{40}$")]

MOST_STAGES = 64
"""Shards that follow one another in a draft, at most."""

SALT_HEADER = "X-Touchstone-Salt"
SIGNATURE_HEADER = "X-Touchstone-Signature"


class Message(BaseModel):
    """What travels: immutable, and nothing in it is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CommitMessage(Message):
    """A signed commitment; the signature is compact, 64 bytes."""

    commitment: Bytes32
    signature: Bytes64


class JobStatus(Message):
    """What a node says of a job, for the newest draw that it knows."""

    state: str
    reason: str | None = None
    draw: Bytes32 | None = None
    round: int | None = None
    commit: CommitMessage | None = None


class SeatCommit(CommitMessage):
    """A seat's signed commitment, within a set."""

    seat: Annotated[int, Field(ge=0, le=6)]
    provider: Address


class CommitSet(Message):
    """All commitments of a round, in seat order."""

    draw: Bytes32
    commits: Annotated[list[SeatCommit], Field(min_length=1, max_length=7)]


class ClaimMessage(Message):
    """A signed claim; what follows from order and draw is left out."""

    output_root: Bytes32
    set: Bytes32
    salt: Bytes32
    signature: Bytes64


class OpeningAsked(Message):
    """A node of a transcript whose children are wanted; of height 0 among the chunks: its bytes."""

    tree: Literal["sequences", "positions", "values", "chunks"]
    sequence: Annotated[int, Field(ge=0, lt=4096)]
    position: Annotated[int, Field(ge=0, lt=1 << 15)] = 0
    value: Annotated[int, Field(ge=0, le=1 << 16)]
    height: Annotated[int, Field(ge=0, le=32)]
    index: Annotated[int, Field(ge=0, lt=1 << 32)]


class OpeningGiven(Message):
    """The children of a node, or the bytes of a chunk."""

    children: Annotated[list[Bytes32], Field(max_length=64)] = []
    chunk: Bytes = b""


class InputSource(Message):
    """Where a node finds its input: it is the output of another job, which these were paid for."""

    job: Bytes32
    providers: Annotated[list[Address], Field(min_length=1, max_length=7)]


class DraftStage(Message):
    """Who runs the next shard of a text that is being drafted, and what admits the requester
    there: as for a delivery."""

    job: Bytes32
    provider: Address
    salt: Bytes32
    signature: Bytes


class DraftAsked(Message):
    """Rows that a shard reads next in a text that is being drafted, int32 little-endian one after
    the other, behind the `start` that it has read; and who runs the shards after it, in order."""

    start: Annotated[int, Field(ge=0, lt=1 << 15)]
    rows: Bytes
    then: Annotated[list[DraftStage], Field(max_length=MOST_STAGES)] = []

    @model_validator(mode="after")
    def _each_job_once(self) -> Self:
        if len({stage.job for stage in self.then}) < len(self.then):
            raise ValueError("a job stands in the chain twice")
        return self


class DraftGiven(Message):
    """What the last shard put out for these rows, int32 little-endian: tokens."""

    rows: Bytes


class TokensAsked(Message):
    """How many tokens of each prompt the requester has: those that follow are wanted."""

    have: Annotated[
        list[Annotated[int, Field(ge=0, le=1 << 15)]], Field(min_length=1, max_length=4095)
    ]


Token = Annotated[int, Field(ge=0, lt=1 << 31)]


class TokensGiven(Message):
    """Tokens that were written since, for each prompt; `over` once none will follow."""

    tokens: Annotated[list[list[Token]], Field(max_length=4095)]
    over: bool


class Refusal(Message):
    """Why a node refused."""

    rule: str
    message: str


class RefusalEnvelope(Message):
    """The body of every error answer."""

    error: Refusal
