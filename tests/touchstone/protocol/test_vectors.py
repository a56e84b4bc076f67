"""Python against the committed vectors; tests/contracts holds Solidity to the same file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

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
    seed_with,
    set_of,
)
from touchstone.protocol.eip712 import Domain, Signature, recover
from touchstone.protocol.ids import model_id
from touchstone.protocol.orders import ORDER_FIELDS, Order
from touchstone.protocol.payload import payload_root

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "protocol.json").read_text()
)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def order_of(fields: dict[str, Any]) -> Order:
    values = []
    for name, kind in ORDER_FIELDS:
        value = fields[name]
        values.append(
            unhex(value) if kind == "bytes32" else value if kind == "address" else int(value)
        )
    return Order.from_values(values)


@pytest.mark.parametrize("row", VECTORS["prices"])
def test_prices_and_bonds_are_those_of_the_vectors(row: dict[str, Any]) -> None:
    assert prices.price(row["tier"]) == int(row["price"])
    assert prices.bond(row["tier"]) == int(row["bond"])
    assert prices.tier_of(int(row["price"])) == row["tier"]


@pytest.mark.parametrize("row", VECTORS["answers"])
def test_fees_of_answers_are_those_of_the_vectors(row: dict[str, Any]) -> None:
    price = int(row["pricePerByte"])
    assert demands.answer_deposit(price) == int(row["deposit"])
    assert demands.answer_fee(0, price) == int(row["feeOfNothing"])
    assert demands.answer_fee(1025, price) == int(row["feeOf1025Bytes"])


@pytest.mark.parametrize("row", VECTORS["payloads"])
def test_roots_of_payloads_are_those_of_the_vectors(row: dict[str, Any]) -> None:
    data = bytes((7 * i + i // 256) % 256 for i in range(row["length"]))
    assert payload_root(data, unhex(row["salt"])) == unhex(row["root"])


@pytest.mark.parametrize("job", VECTORS["jobs"])
def test_hashes_are_those_of_the_vectors(job: dict[str, Any]) -> None:
    domain = Domain(int(job["chainId"]), job["market"])
    order = order_of(job["order"])
    assert domain.separator == unhex(job["domainSeparator"])
    assert model_id(job["modelName"], job["modelVersion"]) == order.model
    assert order.pool == unhex(job["pool"])
    assert order.payment == int(job["payment"])
    assert order.audit_odds == job["auditOdds"]
    assert order.struct_hash() == unhex(job["orderStructHash"])
    job_id = order.job_id(domain)
    assert job_id == unhex(job["job"])
    assert audit_seed(job_id, unhex(job["seed"])) == unhex(job["auditSeed"])
    assert seed_with(unhex(job["seed"]), order.input_root) == unhex(job["fixedSeed"])
    assert input_struct_hash(job_id, order.input_root) == unhex(job["inputStructHash"])
    first = job["seats"][0]
    provider, salt = first["provider"], unhex(first["salt"])
    assert delivery_struct_hash(job_id, salt) == unhex(job["deliveryStructHash"])
    assert draft_struct_hash(job_id, provider, salt) == unhex(job["draftStructHash"])
    draw = draw_of(unhex(job["seed"]), job["round"])
    assert draw == unhex(job["draw"])
    output, set_ = unhex(job["outputRoot"]), unhex(job["set"])
    assert set_ == set_of([unhex(s["commitment"]) for s in job["seats"]])
    for seat in job["seats"]:
        salt, provider = unhex(seat["salt"]), seat["provider"]
        commitment = commitment_of(job_id, draw, provider, output, salt)
        assert commitment == unhex(seat["commitment"])
        assert seal_of(job_id, provider, output, salt) == unhex(seat["seal"])
        Commit(job_id, draw, commitment).require_signer(
            domain, Signature.from_bytes(unhex(seat["commitSignature"])), provider
        )
        Claim(job_id, draw, order.shard, order.input_root, output, set_, salt).require_signer(
            domain, Signature.from_bytes(unhex(seat["claimSignature"])), provider
        )


@pytest.mark.parametrize("job", VECTORS["jobs"])
def test_a_wallet_that_signs_typed_data_signs_the_job_id(job: dict[str, Any]) -> None:
    """The digest is that of any EIP-712 wallet: eth-account's own encoder stands for them."""
    message = encode_typed_data(
        domain_data={
            "name": "Touchstone",
            "version": "1",
            "chainId": int(job["chainId"]),
            "verifyingContract": job["market"],
        },
        message_types={"Order": [{"name": n, "type": t} for n, t in ORDER_FIELDS]},
        message_data={
            n: unhex(v) if t == "bytes32" else v if t == "address" else int(v)
            for (n, t), v in zip(ORDER_FIELDS, job["order"].values(), strict=True)
        },
    )
    signer = Account.recover_message(
        message, signature=Signature.from_bytes(unhex(job["orderSignature"])).expanded()
    )
    assert signer == job["order"]["requester"]
    assert recover(unhex(job["job"]), Signature.from_bytes(unhex(job["orderSignature"]))) == signer


def test_the_committed_vectors_are_what_the_script_makes() -> None:
    script = Path(__file__).parents[3] / "scripts" / "make_protocol_vectors.py"
    answer = subprocess.run([sys.executable, str(script), "--check"], capture_output=True)
    assert answer.returncode == 0, answer.stdout.decode()
