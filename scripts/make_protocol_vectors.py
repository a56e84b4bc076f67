"""Writes tests/vectors/protocol.json: hashes that Python and Solidity must agree on.

`--check` writes nothing and exits with 1 if the committed file is stale.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from eth_account import Account
from eth_utils.address import to_checksum_address

from touchstone.protocol import demands, prices
from touchstone.protocol.audits import audit_seed, seal_of
from touchstone.protocol.claims import (
    Claim,
    Commit,
    commitment_of,
    delivery_struct_hash,
    draft_struct_hash,
    draw_of,
    input_struct_hash,
    receipt_struct_hash,
    seed_with,
    set_of,
)
from touchstone.protocol.eip712 import Domain, sign
from touchstone.protocol.ids import model_id
from touchstone.protocol.orders import STRONG, Mode, Order, audit_bits
from touchstone.protocol.payload import payload_root

TARGET = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "protocol.json"


def build() -> dict[str, object]:
    """All vectors, from a fixed seed. Bytes are 0x-prefixed hex."""
    rng = random.Random(20)  # noqa: S311 (vectors are to be the same each time)
    return {
        "about": "Made by scripts/make_protocol_vectors.py; bytes are hex, numbers decimal.",
        "prices": [
            {"tier": t, "price": str(prices.price(t)), "bond": str(prices.bond(t))}
            for t in (0, 1, 2, 3, 47, 48, 49, 89)
        ],
        "answers": [_answer(price) for price in (0, 1, 10**12, 2**96 - 1)],
        "payloads": [_payload(length) for length in (0, 1, 255, 256, 257, 3 * 256 + 7, 96 * 1024)],
        "jobs": [
            _job(rng, 1, Mode.REDUNDANT, 3),
            _job(rng, 31337, Mode.REDUNDANT | STRONG, 3),
            _job(rng, 2**63, Mode.OPTIMISTIC | STRONG | audit_bits(8), 1),
        ],
    }


def _answer(price_per_byte: int) -> dict[str, str]:
    """What a demand is prepaid with, and what answers of some lengths earn of that."""
    return {
        "pricePerByte": str(price_per_byte),
        "deposit": str(demands.answer_deposit(price_per_byte)),
        "feeOfNothing": str(demands.answer_fee(0, price_per_byte)),
        "feeOf1025Bytes": str(demands.answer_fee(1025, price_per_byte)),
    }


def _payload(length: int) -> dict[str, object]:
    """The root of `length` bytes, of which byte i is 7 * i + i // 256 modulo 256."""
    data = bytes((7 * i + i // 256) % 256 for i in range(length))
    salt = bytes(range(32))
    return {"length": length, "salt": _hex(salt), "root": _hex(payload_root(data, salt))}


def _job(rng: random.Random, chain_id: int, mode: int, replicas: int) -> dict[str, object]:
    keys = [Account.from_key(rng.randbytes(32)) for _ in range(3)]
    domain = Domain(chain_id, to_checksum_address(rng.randbytes(20)))
    name, version = f"model-{rng.randrange(1000)}", f"{rng.randrange(10)}.0"
    order = Order(
        requester=keys[0].address,
        model=model_id(name, version),
        shard=rng.randrange(2**16),
        tier=rng.randrange(prices.TIERS),
        mode=mode,
        replicas=replicas,
        units=rng.randrange(1, prices.MAX_UNITS + 1),
        input_root=rng.randbytes(32),
        params=rng.randbytes(32),
        nonce=rng.getrandbits(64),
        open_by=rng.getrandbits(40),
    )
    job = order.job_id(domain)
    seed, round_ = rng.randbytes(32), rng.randrange(3)
    draw = draw_of(seed, round_)
    output = rng.randbytes(32)
    salts = [rng.randbytes(32) for _ in keys]
    commitments = [
        commitment_of(job, draw, k.address, output, s) for k, s in zip(keys, salts, strict=True)
    ]
    set_ = set_of(commitments)
    seats = []
    for key, salt, commitment in zip(keys, salts, commitments, strict=True):
        commit = Commit(job, draw, commitment)
        claim = Claim(job, draw, order.shard, order.input_root, output, set_, salt)
        seats.append(
            {
                "provider": key.address,
                "salt": _hex(salt),
                "commitment": _hex(commitment),
                "commitStructHash": _hex(commit.struct_hash()),
                "commitSignature": _hex(commit.sign(domain, key).to_bytes()),
                "claimStructHash": _hex(claim.struct_hash()),
                "claimSignature": _hex(claim.sign(domain, key).to_bytes()),
                "seal": _hex(seal_of(job, key.address, output, salt)),
            }
        )
    return {
        "chainId": str(chain_id),
        "market": domain.market,
        "domainSeparator": _hex(domain.separator),
        "modelName": name,
        "modelVersion": version,
        "order": {
            "requester": order.requester,
            "model": _hex(order.model),
            "shard": order.shard,
            "tier": order.tier,
            "mode": order.mode,
            "replicas": order.replicas,
            "units": order.units,
            "inputRoot": _hex(order.input_root),
            "params": _hex(order.params),
            "nonce": str(order.nonce),
            "openBy": str(order.open_by),
        },
        "pool": _hex(order.pool),
        "payment": str(order.payment),
        "auditOdds": order.audit_odds,
        "auditSeed": _hex(audit_seed(job, seed)),
        "orderStructHash": _hex(order.struct_hash()),
        "job": _hex(job),
        "orderSignature": _hex(sign(keys[0], job).to_bytes()),
        "seed": _hex(seed),
        "fixedSeed": _hex(seed_with(seed, order.input_root)),
        "inputStructHash": _hex(input_struct_hash(job, order.input_root)),
        "round": round_,
        "draw": _hex(draw),
        "outputRoot": _hex(output),
        "set": _hex(set_),
        "seats": seats,
        "receiptStructHash": _hex(receipt_struct_hash(job, output)),
        "deliveryStructHash": _hex(delivery_struct_hash(job, salts[0])),
        "draftStructHash": _hex(draft_struct_hash(job, keys[0].address, salts[0])),
    }


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def main() -> int:
    """Writes or checks the file."""
    text = json.dumps(build(), indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            print(f"{TARGET.name} is stale: run scripts/make_protocol_vectors.py")
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
