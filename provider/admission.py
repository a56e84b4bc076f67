"""Whether a node takes an input: who sends it, for what job, and if it is what was paid for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address
from web3.exceptions import ContractLogicError

from touchstone.errors import RefusedError, UnpaidInputError
from touchstone.protocol.eip712 import is_signed_by
from touchstone.protocol.inputs import input_size_limit, require_input, rows_to_do
from touchstone.protocol.jobs import JobState, Phase

if TYPE_CHECKING:
    from web3 import Web3

    from touchstone.chain.registry import PublishedModel
    from touchstone.programs.program import InputSpec
    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.orders import Order

_MAGIC_VALUE = bytes.fromhex("1626ba7e")
_IS_VALID_SIGNATURE = [
    {
        "type": "function",
        "name": "isValidSignature",
        "stateMutability": "view",
        "inputs": [{"name": "hash", "type": "bytes32"}, {"name": "signature", "type": "bytes"}],
        "outputs": [{"name": "", "type": "bytes4"}],
    }
]
_MOST_GAS = 3_000_000
DISK_RESERVE = 64 << 20
"""Bytes of the disk that are left for signatures and results of jobs already taken."""


def require_requester(
    w3: Web3, domain: Domain, order: Order, struct_hash: bytes, signature: bytes
) -> None:
    """Requires that the order's requester signed: with its key, or as a contract (ERC-1271).

    Raises:
        RefusedError: `unsigned`.
    """
    digest = domain.digest(struct_hash)
    if is_signed_by(digest, signature, order.requester):
        return
    requester = to_checksum_address(order.requester)
    if w3.eth.get_code(requester):
        wallet = w3.eth.contract(address=requester, abi=_IS_VALID_SIGNATURE)
        try:
            answer = wallet.functions.isValidSignature(digest, signature).call({"gas": _MOST_GAS})
        except (ContractLogicError, ValueError):
            answer = b""
        if bytes(answer) == _MAGIC_VALUE:
            return
    raise RefusedError(
        "unsigned", f"the request is not signed by the order's requester {order.requester}"
    )


def require_drawn(state: JobState, seat: int | None, address: str) -> None:
    """Requires that the job is funded, drawn, seats the node now and has an input.

    Raises:
        RefusedError: `unfunded`, `not_drawn_here`, or `not_ready`: the input is not fixed yet.
    """
    if state.phase not in (Phase.WAITING, Phase.DRAWN):
        what = "is not drawn yet" if state.phase is Phase.OPEN else "has ended"
        raise RefusedError("unfunded", f"the job {what}")
    if seat is None:
        raise RefusedError("not_drawn_here", f"{address} holds no active seat of this job")
    if state.phase is Phase.WAITING:
        raise RefusedError("not_ready", "the job's input is not fixed on chain yet")


def size_limit(order: Order, model: PublishedModel, reads: InputSpec) -> int:
    """The most bytes that an input of the order may have."""
    return input_size_limit(order, model.unit_rows, reads)


def check_input(
    order: Order,
    input_root: bytes,
    model: PublishedModel,
    reads: InputSpec,
    payload: bytes,
    salt: bytes,
) -> int:
    """Rows of work in the bytes with the job's input root; none where they break a rule.

    Raises:
        RefusedError: `wrong_input`.
    """
    try:
        require_input(input_root, payload, salt)
    except UnpaidInputError as error:
        raise RefusedError(error.rule, str(error)) from None
    return rows_to_do(order, model, payload, reads)


@dataclass(frozen=True, slots=True)
class Load:
    """What a node has before it: jobs queued, the most of them, and room on its disk in bytes."""

    jobs: int
    most_jobs: int
    free_bytes: int


def require_room(load: Load) -> None:
    """Requires that an input can be kept.

    Whether it can be executed in time is no reason to refuse it: the requester cannot take it
    elsewhere, an earlier job may end without being done, and `capacity.schedule` keeps it from
    making others late.

    Raises:
        RefusedError: `busy`.
    """
    if load.jobs >= load.most_jobs:
        raise RefusedError("busy", f"{load.jobs} jobs are queued")
    if load.free_bytes < DISK_RESERVE:
        raise RefusedError(
            "busy",
            f"{load.free_bytes} bytes are left on the node's disk: what it has promised comes "
            "first",
        )
