"""The real contracts on a real chain, spoken to by raw JSON-RPC: a transaction and the reading of
the whole state must cost milliseconds."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector
from eth_utils.crypto import keccak

from touchstone.chain.artifacts import MARKET_PARTS, load_artifact
from touchstone.chain.reverts import decode_revert
from touchstone.protocol.jobs import seats_of

GAS = hex(12_000_000)
DRAWN = "0x" + keccak(text="Drawn(bytes32,bytes32,uint168,uint32)").hex()
CONTRACTS = {
    "market": ("Market", *MARKET_PARTS),
    "vault": ("StakeVault",),
    "token": ("DevToken",),
    "registry": ("ModelRegistry",),
}
# Returns the words of its storage slots 0, 1 and eight times 2, whatever is asked: a verdict that a
# test sets, with one winner for all seats.
VERDICT_CODE = (
    "0x600054600052600154602052600254"
    + "".join(f"8061{32 * word:04x}52" for word in range(2, 10))
    + "6101406000f3"
)
# `seedOf`: the hash of a mined block's number. Real block hashes are others at every run, and
# Hypothesis can neither repeat nor shorten what depends on them.
SEED_CODE = "0x600435" + "804311600c57" + "5f5ffd" + "5b5f5260205f205f5260205ff3"
START = 2_000_000_000
"""Unix time at which every run begins."""


@dataclass(frozen=True)
class Drawn:
    seed: bytes
    seats: dict[int, int]


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction: `error` is the name of its revert, or None."""

    block: int
    time: int
    error: str | None
    detail: str
    drawn: dict[bytes, Drawn]


@cache
def _functions(target: str) -> dict[str, tuple[bytes, tuple[str, ...]]]:
    return {
        entry["name"]: (
            function_abi_to_4byte_selector(entry),
            tuple(collapse_if_tuple(item) for item in entry["inputs"]),
        )
        for contract in CONTRACTS[target]
        for entry in load_artifact(contract).abi
        if entry["type"] == "function"
    }


def calldata(target: str, name: str, arguments: tuple[object, ...]) -> str:
    selector, types = _functions(target)[name]
    return "0x" + (selector + encode(types, arguments)).hex()


class Chain:
    """One connection to anvil, whose accounts are unlocked. Transactions are mined at once, each a
    second after the block before unless time was passed."""

    def __init__(self, url: str, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        parts = urlsplit(url)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.sync()

    def close(self) -> None:
        self._http.close()

    def sync(self) -> None:
        """Takes over the chain's own clock."""
        head = self.request("eth_getBlockByNumber", "latest", False)
        self.block, self.time = int(head["number"], 16), int(head["timestamp"], 16)

    # --- changing --------------------------------------------------------------------------------

    def send(self, who: str, target: str, name: str, *arguments: object) -> Receipt:
        call = {
            "from": who,
            "to": self.addresses[target],
            "data": calldata(target, name, arguments),
            "gas": GAS,
        }
        self.request("evm_setNextBlockTimestamp", self.time + 1)
        hash_ = self.request("eth_sendTransaction", call)
        found = None
        while found is None:
            found = self.request("eth_getTransactionReceipt", hash_)
            if found is None:
                time.sleep(0.001)
        before, expected = self.block, self.time + 1
        self.sync()
        assert (self.block, self.time) == (before + 1, expected), "another block came between"
        error, detail = None, ""
        if int(found["status"], 16) == 0:
            error, detail = self._why(call, hash_)
        drawn = dict(_drawn(log) for log in found["logs"] if log["topics"][0] == DRAWN)
        return Receipt(self.block, self.time, error, detail, drawn)

    def pass_to(self, moment: int) -> None:
        """Mines a block of that Unix time."""
        self.request("evm_setNextBlockTimestamp", moment)
        self.request("evm_mine")
        self.sync()

    def mine(self, blocks: int) -> None:
        """Mines so many blocks, a second apart. Were it left to anvil, the time that the machine
        took would be added."""
        for number in range(1, blocks + 1):
            self.request("evm_setNextBlockTimestamp", self.time + number)
            self.request("evm_mine")
        self.sync()

    def set_verdict(self, ended: bool, guilty: int, winner: int) -> None:
        for slot, word in enumerate((int(ended), guilty, winner)):
            self.request(
                "anvil_setStorageAt", self.addresses["resolver"], hex(slot), f"0x{word:064x}"
            )

    # --- reading ---------------------------------------------------------------------------------

    def read(self, calls: list[tuple[str, str]]) -> list[list[int]]:
        """The words that views return: each call is a target and its data."""
        batch = [
            {
                "jsonrpc": "2.0",
                "id": number,
                "method": "eth_call",
                "params": [{"to": self.addresses[target], "data": data}, "latest"],
            }
            for number, (target, data) in enumerate(calls)
        ]
        answers = sorted(self._post(batch), key=lambda answer: answer["id"])
        assert len(answers) == len(calls)
        return [_words(answer["result"]) for answer in answers]

    def request(self, method: str, *parameters: object) -> Any:
        answer = self._post({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        assert "error" not in answer, f"{method} failed: {answer['error']}"
        return answer["result"]

    def _post(self, body: object) -> Any:
        text = json.dumps(body)
        self._http.request("POST", "/", text, {"Content-Type": "application/json"})
        return json.loads(self._http.getresponse().read())

    def _why(self, call: dict[str, str], hash_: str) -> tuple[str, str]:
        """The error that a transaction in the newest block reverted with."""
        trace = self.request("debug_traceTransaction", hash_, {"tracer": "callTracer"})
        revert = decode_revert(bytes.fromhex(trace.get("output", "0x")[2:]))
        return revert.error, f"{revert} ({trace.get('error')})"


def _words(result: str) -> list[int]:
    return [int(result[i : i + 64], 16) for i in range(2, len(result), 64)]


def _drawn(log: dict[str, Any]) -> tuple[bytes, Drawn]:
    seed, seats, _ = _words(log["data"])
    return bytes.fromhex(log["topics"][1][2:]), Drawn(seed.to_bytes(32, "big"), seats_of(seats))
