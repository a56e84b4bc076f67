"""From a revert's bytes to the broken rule, by the ABIs of all built contracts."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from eth_abi import abi as codec
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector
from web3.exceptions import ContractLogicError

from touchstone.chain.artifacts import artifact_names, load_artifact
from touchstone.errors import TransactionReverted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eth_typing import ABIError

_BUILT_IN: tuple[dict[str, Any], ...] = (
    {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)


@cache
def _errors_by_selector() -> dict[bytes, ABIError]:
    entries = list(cast("tuple[ABIError, ...]", _BUILT_IN))
    for name in artifact_names():
        entries += [e for e in load_artifact(name).abi if e["type"] == "error"]
    return {function_abi_to_4byte_selector(cast("Any", entry)): entry for entry in entries}


def decode_revert(data: bytes, transaction_hash: str | None = None) -> TransactionReverted:
    """The exception for a revert that returned `data`. Never fails: shows the unknown as hex."""
    entry = _errors_by_selector().get(data[:4])
    if entry is None:
        return TransactionReverted("unknown", {"data": data} if data else {}, transaction_hash)
    inputs = entry.get("inputs", [])
    try:
        values = codec.decode([collapse_if_tuple(cast("Any", i)) for i in inputs], data[4:])
    except DecodingError:
        return TransactionReverted(entry["name"], {"data": data}, transaction_hash)
    names = [field.get("name") or str(index) for index, field in enumerate(inputs)]
    return TransactionReverted(
        entry["name"], dict(zip(names, values, strict=True)), transaction_hash
    )


@contextmanager
def decoded_reverts(transaction_hash: str | None = None) -> Iterator[None]:
    """Turns web3's revert exceptions inside the block into `TransactionReverted`.

    Wrap reads in it as well: `with decoded_reverts(): market.functions.job(7).call()`.
    """
    try:
        yield
    except ContractLogicError as error:
        raise decode_revert(_revert_data(error), transaction_hash) from error


def _revert_data(error: ContractLogicError) -> bytes:
    """The bytes a contract returned. Nodes give them as hex, alone or inside an object."""
    data = error.data
    if isinstance(data, dict):
        data = data.get("data")
    if not isinstance(data, str) or not data.startswith("0x"):
        return b""
    try:
        return bytes.fromhex(data[2:])
    except ValueError:
        return b""
