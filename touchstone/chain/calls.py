"""Calls contracts' views with little work on the way.

web3 looks the function up, checks and formats every argument anew at each call: seven to ten
milliseconds, which a node that polls the chain ten times a second cannot spare. Here selectors and
types are worked out once for each function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from eth_abi.abi import decode, encode
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address
from web3.types import RPCEndpoint

from touchstone.chain.reverts import decode_revert
from touchstone.chain.rpc import ask_together
from touchstone.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eth_typing import ABIElement, ChecksumAddress
    from web3 import Web3
    from web3.types import RPCResponse


@dataclass(frozen=True, slots=True)
class _View:
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Views:
    """The views of one contract."""

    def __init__(self, w3: Web3, address: ChecksumAddress, abi: Iterable[ABIElement]) -> None:
        """Binds the functions of `abi`, of which none may be overloaded, to `address`."""
        self._w3 = w3
        self._address = address
        self._views = {entry["name"]: _view(entry) for entry in abi if entry["type"] == "function"}

    def call(self, name: str, *arguments: object) -> Any:
        """What view `name` returns on the newest block: one value, or a tuple of several.

        Addresses come in checksum form; structs and arrays as tuples.

        Raises:
            TransactionReverted: the contract refuses, and why.
            ChainError: the node answers with another error, or with nothing, as where no contract
                stands at the address.
        """
        request = self._request(name, arguments)
        answer = self._w3.provider.make_request(RPCEndpoint("eth_call"), [request, "latest"])
        return self._value(name, answer)

    def call_together(self, *calls: tuple[object, ...]) -> list[Any]:
        """What several views return, in one round trip; each call is a name and its arguments.

        A block may come between two of them. Raises as `call` does.
        """
        if not calls:
            return []
        requests: list[tuple[str, list[Any]]] = [
            ("eth_call", [self._request(str(name), arguments), "latest"])
            for name, *arguments in calls
        ]
        answers = ask_together(self._w3, requests)
        return [
            self._value(str(name), answer)
            for (name, *_), answer in zip(calls, answers, strict=True)
        ]

    def _request(self, name: str, arguments: Sequence[object]) -> dict[str, str]:
        view = self._views[name]
        data = view.selector + encode(view.inputs, arguments)
        return {"to": self._address, "data": "0x" + data.hex()}

    def _value(self, name: str, answer: RPCResponse) -> Any:
        view = self._views[name]
        if "error" in answer:
            raise _failure(answer["error"])
        result = bytes.fromhex(cast("str", answer["result"])[2:])
        if not result and view.outputs:
            raise ChainError(f"no contract answers {name} at {self._address}: wrong deployment?")
        values = tuple(
            _with_checksums(kind, value)
            for kind, value in zip(view.outputs, decode(view.outputs, result), strict=True)
        )
        return values[0] if len(values) == 1 else values


def _view(entry: Any) -> _View:
    return _View(
        function_abi_to_4byte_selector(entry),
        tuple(collapse_if_tuple(item) for item in entry["inputs"]),
        tuple(collapse_if_tuple(item) for item in entry["outputs"]),
    )


def _with_checksums(kind: str, value: Any) -> Any:
    if kind == "address":
        return to_checksum_address(value)
    if kind == "address[]":
        return tuple(to_checksum_address(item) for item in value)
    return value


def _failure(error: Any) -> Exception:
    data = error.get("data") if isinstance(error, dict) else None
    if isinstance(data, str) and data.startswith("0x"):
        return decode_revert(bytes.fromhex(data[2:]))
    message = error.get("message") if isinstance(error, dict) else error
    return ChainError(f"the node refuses a call: {message}")
