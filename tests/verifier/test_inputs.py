"""Which inputs a verifier takes: whose job, who signs, what was paid for, and how fast."""

import asyncio
import json
import secrets
import time
from dataclasses import replace

import numpy as np
import pytest

from requester.orders import Work, order_for
from tests.support.world import TIER, small_world
from touchstone.chain.registry import Registry
from touchstone.chain.token import Token
from touchstone.coordination.messages import SALT_HEADER, SIGNATURE_HEADER
from touchstone.protocol.claims import delivery_struct_hash
from touchstone.protocol.eip712 import sign
from touchstone.protocol.ids import ModelId
from touchstone.protocol.orders import DEFERRED
from touchstone.protocol.payload import encode_payload, payload_root
from verifier.app import make_app
from verifier.duties import Watch

SALT = b"s" * 32
UNIT_ROWS = 8


@pytest.fixture(scope="module")
def world():
    with small_world(block_time=None) as built:
        yield built


@pytest.fixture
def watch(world, tmp_path):
    return Watch(world.devnet.w3, world.deployment, tmp_path / "v.sqlite")


def app_of(watch, world, **settings):
    return make_app(watch, dict, settings.pop("audited", {world.model}), **settings)


def opened(world, rows, **changes):
    """The id and the payload of a job opened on chain, with what `changes` of its order."""
    published = Registry(world.devnet.w3, world.deployment).models(world.model)[0]
    payload = encode_payload([np.ones(n, np.int32) for n in rows])
    order = order_for(
        world.requester.address,
        published,
        Work(payload, published.units_for(sum(rows))),
        shard=0,
        tier=TIER,
        replicas=3,
        salt=SALT,
        nonce=secrets.randbits(64),
        open_by=world.market.clock().time + 600,
    )
    order = replace(order, **changes)
    sender = world.sender(1)
    token = Token(world.devnet.w3, world.deployment)
    sender.send(token.approve(world.market.contract.address, order.payment))
    sender.send(world.market.open(order))
    return order.job_id(world.market.domain), payload


def signed(world, job, account=None):
    digest = world.market.domain.digest(delivery_struct_hash(job, SALT))
    return sign(account or world.requester, digest).expanded()


class Unread(Exception):  # noqa: N818
    """The body was asked for."""


def body_of(payload):
    async def receive():
        return {"type": "http.request", "body": payload, "more_body": False}

    return receive


async def no_body():
    raise Unread


async def endless_body():
    await asyncio.sleep(0.05)
    return {"type": "http.request", "body": b"x", "more_body": True}


def put(app, job, signature, receive):
    """Status and rule of the answer to a delivery."""
    sent = []

    async def send(message):
        sent.append(message)

    headers = {SALT_HEADER: "0x" + SALT.hex(), SIGNATURE_HEADER: "0x" + signature.hex()}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": f"/jobs/0x{job.hex()}/input",
        "raw_path": b"",
        "query_string": b"",
        "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    asyncio.run(app(scope, receive, send))
    body = json.loads(b"".join(m.get("body", b"") for m in sent[1:]))
    return sent[0]["status"], body.get("error", {}).get("rule")


def test_a_paid_input_is_taken_once(world, watch):
    job, payload = opened(world, [3, 4])
    app = app_of(watch, world)

    assert put(app, job, signed(world, job), body_of(payload)) == (202, None)
    assert put(app, job, signed(world, job), body_of(payload)) == (200, None)
    assert watch.store.input(job) == (payload, SALT)


def test_an_input_that_breaks_a_rule_is_taken_since_it_has_a_result_all_the_same(world, watch):
    job, payload = opened(world, [UNIT_ROWS, UNIT_ROWS], units=1)

    assert put(app_of(watch, world), job, signed(world, job), body_of(payload)) == (202, None)
    assert watch.store.input(job) == (payload, SALT)


def test_bytes_beyond_what_the_order_pays_for_are_not_even_read_to_the_end(world, watch):
    job, _ = opened(world, [3])
    read = []

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": bytes(1 << 12), "more_body": True}

    answer = put(app_of(watch, world), job, signed(world, job), receive)
    assert answer == (413, "oversized")
    assert len(read) < 10


def test_an_input_is_taken_once_it_is_fixed_and_no_other_then(world, watch):
    job, payload = opened(world, [3], input_root=DEFERRED)
    app, sender = app_of(watch, world), world.sender(1)
    assert put(app, job, signed(world, job), body_of(payload)) == (409, "not_ready")
    order = watch.find(job).order
    world.devnet.mine(3)
    sender.send(world.market.draw([order]))
    assert put(app, job, signed(world, job), body_of(payload)) == (409, "not_ready")
    sender.send(world.market.fix_input(order, payload_root(payload, SALT)))
    changed = payload[:-1] + b"\x01"
    assert put(app, job, signed(world, job), body_of(changed)) == (422, "wrong_input")
    assert put(app, job, signed(world, job), body_of(payload)) == (202, None)


def test_another_input_than_the_orders_is_not_taken(world, watch):
    job, payload = opened(world, [3])
    changed = payload[:-1] + b"\x01"
    answer = put(app_of(watch, world), job, signed(world, job), body_of(changed))
    assert answer == (422, "wrong_input")


def test_the_body_of_a_stranger_is_not_read(world, watch):
    job, _ = opened(world, [3])
    app = app_of(watch, world)

    stranger = signed(world, job, world.devnet.account(7))
    assert put(app, job, stranger, no_body) == (401, "unsigned")
    assert put(app, job, b"\x11" * 65, no_body) == (401, "unsigned")
    with pytest.raises(Unread):
        put(app, job, signed(world, job), no_body)


def test_unknown_jobs_cost_no_body_and_one_look_at_the_chain_in_a_second(world, watch, monkeypatch):
    looks = []
    monkeypatch.setattr(watch, "reconcile", lambda: looks.append(1))
    app = app_of(watch, world)
    began = time.monotonic()
    for number in range(20):
        job = bytes([number]) * 32
        assert put(app, job, signed(world, job), no_body) == (404, "unknown_job")
    assert len(looks) <= 1 + (time.monotonic() - began)


def test_a_body_that_does_not_end_is_given_up(world, watch):
    job, _ = opened(world, [3])
    app = app_of(watch, world, body_timeout_s=0.3)
    assert put(app, job, signed(world, job), endless_body) == (408, "too_slow")


@pytest.mark.parametrize("audited", [set(), {ModelId(b"m" * 32)}])
def test_an_input_that_would_not_be_re_executed_is_not_taken(world, watch, audited):
    job, _ = opened(world, [3])
    app = app_of(watch, world, audited=audited)
    assert put(app, job, signed(world, job), no_body) == (409, "not_audited")


def test_an_input_of_a_refunded_job_is_not_taken(world, watch):
    job, payload = opened(world, [3])
    app = app_of(watch, world)
    assert put(app, job, signed(world, job), body_of(payload))[0] == 202
    watch.store.moved(job, "REFUNDED", 7)

    assert not watch.store.has_input(job)
    assert put(app, job, signed(world, job), no_body) == (409, "unfunded")


def test_the_input_of_an_audited_job_is_dropped_and_not_kept_again(world, watch):
    job, payload = opened(world, [3])
    app = app_of(watch, world)
    put(app, job, signed(world, job), body_of(payload))
    watch.store.keep_audit(job, "agrees", {"phase": "settled"})

    assert not watch.store.has_input(job)
    assert put(app, job, signed(world, job), body_of(payload)) == (200, None)
    assert not watch.store.has_input(job)
    assert watch.store.audit(job) == watch.store.audits()[0]


def test_nothing_of_a_dropped_input_stays_in_the_file(world, watch, tmp_path):
    job, payload = opened(world, [3])
    watch.reconcile()
    secret = secrets.token_bytes(3000)
    assert watch.store.keep_input(job, payload + secret, SALT)
    watch.store.drop_inputs()

    assert watch.store.input(job) is None
    # The last connection that closes moves the log into the file.
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("v.sqlite*"))
    assert secret[:64] not in kept
