"""Writes the shared protocol vectors as Solidity constants, since Solidity tests cannot read JSON.

`--check` writes nothing and fails if the file is stale.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "tests" / "vectors" / "protocol.json"
TARGET = ROOT / "tests" / "contracts" / "vectors" / "ProtocolVectors.sol"

HEAD = """\
// SPDX-License-Identifier: MIT
// Made from tests/vectors/protocol.json by scripts/make_solidity_vectors.py; do not edit.
pragma solidity ^0.8.28;

import {ModelId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";

struct PriceVector {
    uint8 tier;
    uint256 price;
    uint256 bond;
}

struct AnswerVector {
    uint256 pricePerByte;
    uint256 deposit;
    uint256 feeOfNothing;
    uint256 feeOf1025Bytes;
}

struct PayloadVector {
    uint256 length;
    bytes32 salt;
    bytes32 root;
}

struct SeatVector {
    address provider;
    bytes32 salt;
    bytes32 commitment;
    bytes32 commitStructHash;
    bytes commitSignature;
    bytes32 claimStructHash;
    bytes claimSignature;
    bytes32 seal;
}

struct JobVector {
    uint256 chainId;
    address market;
    bytes32 domainSeparator;
    string modelName;
    string modelVersion;
    Order order;
    bytes32 pool;
    uint256 payment;
    uint256 auditOdds;
    bytes32 auditSeed;
    bytes32 orderStructHash;
    bytes32 job;
    bytes orderSignature;
    bytes32 seed;
    bytes32 fixedSeed;
    bytes32 inputStructHash;
    uint8 round;
    bytes32 draw;
    bytes32 outputRoot;
    bytes32 set;
    bytes32 receiptStructHash;
    SeatVector[] seats;
}

library ProtocolVectors {
"""

ORDER_FIELDS = (
    "requester",
    "model",
    "shard",
    "tier",
    "mode",
    "replicas",
    "units",
    "inputRoot",
    "params",
    "nonce",
    "openBy",
)
JOB_FIELDS = {
    "chainId": "number",
    "market": "address",
    "domainSeparator": "word",
    "modelName": "text",
    "modelVersion": "text",
    "pool": "word",
    "payment": "number",
    "auditOdds": "number",
    "auditSeed": "word",
    "orderStructHash": "word",
    "job": "word",
    "orderSignature": "bytes",
    "seed": "word",
    "fixedSeed": "word",
    "inputStructHash": "word",
    "round": "number",
    "draw": "word",
    "outputRoot": "word",
    "set": "word",
    "receiptStructHash": "word",
}
ANSWER_FIELDS = ("pricePerByte", "deposit", "feeOfNothing", "feeOf1025Bytes")
SEAT_FIELDS = {
    "provider": "address",
    "salt": "word",
    "commitment": "word",
    "commitStructHash": "word",
    "commitSignature": "bytes",
    "claimStructHash": "word",
    "claimSignature": "bytes",
    "seal": "word",
}


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if stale")
    check = parser.parse_args().check
    wanted = render(json.loads(SOURCE.read_text()))
    if check:
        stale = not TARGET.exists() or TARGET.read_text() != wanted
        if stale:
            print(f"{TARGET.name} is stale: run scripts/make_solidity_vectors.py", file=sys.stderr)
        return stale
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(wanted)
    return False


def render(vectors: dict[str, Any]) -> str:
    """The whole Solidity file."""
    jobs = vectors["jobs"]
    parts = [
        HEAD,
        rows("prices", "PriceVector", ("tier", "price", "bond"), vectors["prices"]),
        "\n",
        rows("answers", "AnswerVector", ANSWER_FIELDS, vectors["answers"]),
        "\n",
        rows("payloads", "PayloadVector", ("length", "salt", "root"), vectors["payloads"]),
        "\n",
        all_jobs(len(jobs)),
    ]
    for index, job in enumerate(jobs):
        parts += ["\n", one_job(index, job)]
    return "".join([*parts, "}\n"])


def rows(name: str, struct: str, fields: Sequence[str], found: list[dict[str, Any]]) -> str:
    """A function that returns rows of numbers and words."""
    lines = [
        f"    function {name}() internal pure returns ({struct}[] memory v) {{\n",
        f"        v = new {struct}[]({len(found)});\n",
    ]
    lines += [
        f"        v[{i}] = {struct}({', '.join(str(row[field]) for field in fields)});\n"
        for i, row in enumerate(found)
    ]
    return "".join([*lines, "    }\n"])


def all_jobs(count: int) -> str:
    lines = [
        "    function jobs() internal pure returns (JobVector[] memory v) {\n",
        f"        v = new JobVector[]({count});\n",
    ]
    lines += [f"        v[{i}] = _job{i}();\n" for i in range(count)]
    return "".join([*lines, "    }\n"])


def one_job(index: int, job: dict[str, Any]) -> str:
    lines = [f"    function _job{index}() private pure returns (JobVector memory v) {{\n"]
    lines += [f"        v.{k} = {literal(job[k], kind)};\n" for k, kind in JOB_FIELDS.items()]
    order = job["order"]
    kinds = {"requester": "address", "inputRoot": "word", "params": "word"}
    for field in ORDER_FIELDS:
        value = literal(order[field], kinds.get(field, "number"))
        value = f"ModelId.wrap({value})" if field == "model" else value
        lines.append(f"        v.order.{field} = {value};\n")
    lines.append(f"        v.seats = new SeatVector[]({len(job['seats'])});\n")
    for i, seat in enumerate(job["seats"]):
        lines += [
            f"        v.seats[{i}].{k} = {literal(seat[k], kind)};\n"
            for k, kind in SEAT_FIELDS.items()
        ]
    return "".join([*lines, "    }\n"])


def literal(value: Any, kind: str) -> str:
    """A Solidity literal; addresses are checksummed in the JSON, as Solidity wants them."""
    if kind == "text":
        return json.dumps(value)
    if kind == "bytes":
        return f'hex"{value.removeprefix("0x")}"'
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
