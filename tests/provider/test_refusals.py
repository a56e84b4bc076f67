"""Every refusal names its rule."""

import socket
from dataclasses import replace

import numpy as np
import pytest

from tests.provider.world import TestJob
from touchstone.protocol.payload import MAX_PAYLOAD_BYTES, encode_payload


@pytest.fixture
def node(module_node):
    """One for all tests: a refusal changes nothing in it."""
    return module_node


def put(node, world, job, payload=None, **headers):
    return node.client.put(
        f"{job.path}/input",
        content=job.payload if payload is None else payload,
        headers={**world.delivery(job), **headers},
    )


def refusal(answer) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"rule", "message"}
    return answer.status_code, body["error"]["rule"]


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/input"), ("GET", ""), ("POST", "/set"), ("GET", "/output")]
)
def test_a_job_that_nobody_opened_is_unknown(world, node, method, path):
    job = TestJob(world.open().order, b"\x77" * 32, b"", b"s" * 32)
    body = {"draw": "0x" + "00" * 32, "commits": [_any_commit()]} if method == "POST" else None
    answer = node.client.request(method, job.path + path, json=body, headers=world.delivery(job))
    assert refusal(answer) == (404, "unknown_job")


def _any_commit(**changes):
    return {
        "seat": 0,
        "provider": "0x" + "11" * 20,
        "commitment": "0x" + "22" * 32,
        "signature": "0x" + "33" * 64,
        **changes,
    }


def test_a_job_that_is_not_drawn_is_unfunded(world, node):
    assert refusal(put(node, world, world.open())) == (409, "unfunded")


def test_a_job_that_has_ended_is_unfunded(world, node):
    job = world.drawn()
    world.devnet.increase_time(400)
    world.sender(world.requester).send(world.market.advance(job.order))
    assert refusal(put(node, world, job)) == (409, "unfunded")


def test_a_job_of_another_price_is_not_served(world, node, peer):
    world.join(peer.account, tier=46, slots=1)
    world.join(world.devnet.account(4), tier=46, slots=1)
    world.next_epoch()
    job = world.drawn(tier=46)
    assert refusal(put(node, world, job)) == (409, "wrong_model")


@pytest.fixture
def drawn(world, node):
    """A job that waits for its input: a new one each time, since the node refunds stale ones."""
    return world.drawn()


def test_a_delivery_without_signature_is_unsigned(world, node, drawn):
    headers = world.delivery(drawn)
    del headers["X-Touchstone-Signature"]
    answer = node.client.put(f"{drawn.path}/input", content=drawn.payload, headers=headers)
    assert refusal(answer) == (401, "unsigned")


def test_a_delivery_signed_by_somebody_else_is_unsigned(world, node, drawn, peer):
    headers = world.delivery(drawn, peer.account)
    assert refusal(put(node, world, drawn, **headers)) == (401, "unsigned")


def test_a_signature_for_another_salt_is_unsigned(world, node, drawn):
    other = world.delivery(replace(drawn, salt=b"x" * 32))["X-Touchstone-Signature"]
    answer = put(node, world, drawn, **{"X-Touchstone-Signature": other})
    assert refusal(answer) == (401, "unsigned")


@pytest.mark.parametrize("signature", ["0xzz", "0x", "12", "0x" + "00" * 64, "0x" + "00" * 4000])
def test_a_signature_that_is_none_is_refused(world, node, drawn, signature):
    answer = put(node, world, drawn, **{"X-Touchstone-Signature": signature})
    assert refusal(answer) in {(401, "unsigned"), (422, "malformed")}


@pytest.mark.parametrize("salt", ["", "0x", "0x12", "0x" + "zz" * 32, "0x" + "00" * 33])
def test_a_salt_of_the_wrong_form_is_malformed(world, node, drawn, salt):
    assert refusal(put(node, world, drawn, **{"X-Touchstone-Salt": salt})) == (422, "malformed")


@pytest.mark.parametrize("job", ["0x12", "12" * 32, "0x" + "zz" * 32, "0x" + "00" * 33])
def test_a_job_id_of_the_wrong_form_is_malformed(node, job):
    assert refusal(node.client.get(f"/jobs/{job}")) == (422, "malformed")


def test_another_path_is_refused_in_the_same_words(node):
    assert refusal(node.client.get("/admin")) == (404, "unknown_path")
    assert refusal(node.client.delete("/health")) == (422, "malformed")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"garbage",
        b"TSP1",
        b"TSP1\xff\xff\xff\xff",
        b"TSP1\x01\x00\x00\x00\xff\xff\xff\xff" + b"\x00" * 8,
        b"TSP1\x02\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff",
        b"TSP1\x00\x00\x00\x00",
        b"TSP1\x01\x00\x00\x00\x00\x00\x00\x00",
        b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix",
    ],
)
def test_garbage_and_huge_counts_are_not_the_orders_input(world, node, drawn, payload):
    assert refusal(put(node, world, drawn, payload)) == (422, "wrong_input")


def test_another_input_than_the_orders_is_refused(world, node, drawn):
    other = encode_payload([np.array([9, 9, 9], dtype=np.int32)])
    assert refusal(put(node, world, drawn, other)) == (422, "wrong_input")


def test_more_bytes_than_the_order_can_need_are_refused(world, node, drawn):
    answer = put(node, world, drawn, b"\x00" * 60_000)
    assert refusal(answer) == (413, "oversized")


def test_a_body_without_length_is_cut_off_at_the_limit(world, node, drawn):
    def chunks():
        for _ in range(64):
            yield b"\x00" * 1024

    answer = node.client.put(f"{drawn.path}/input", content=chunks(), headers=world.delivery(drawn))
    assert refusal(answer) == (413, "oversized")


def raw(node, head: str, body: bytes = b"") -> bytes:
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer or answer.endswith(b"\r\n\r\n"):
            answer += (more := connection.recv(65536))
            if not more:
                break
        return answer


def head(world, job, length) -> str:
    headers = "".join(f"{k}: {v}\n" for k, v in world.delivery(job).items())
    return f"PUT {job.path}/input HTTP/1.1\nHost: node\n{headers}Content-Length: {length}\n\n"


@pytest.mark.parametrize("length", [MAX_PAYLOAD_BYTES + 1, 10**15, 10**18])
def test_a_declared_length_is_refused_before_the_body_is_read(world, node, drawn, length):
    answer = raw(node, head(world, drawn, length))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"oversized" in answer


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 40])
def test_a_length_that_is_no_length_is_refused(world, node, drawn, length):
    assert raw(node, head(world, drawn, length)).startswith(b"HTTP/1.1 4")


def test_a_body_longer_than_it_says_is_not_read_to_its_end(world, node, drawn):
    answer = raw(node, head(world, drawn, 8), b"TSP1\x01\x00\x00\x00" + b"\x00" * 4096)
    assert b"wrong_input" in answer
    assert node.client.get("/health").status_code == 200


def test_a_set_that_is_no_set_is_malformed(node, drawn):
    for body in (b"", b"[]", b"{", b'{"draw": "0x12", "commits": []}', b"\xff" * 10):
        answer = node.client.post(f"{drawn.path}/set", content=body)
        assert refusal(answer) == (422, "malformed")
    assert refusal(node.client.post(f"{drawn.path}/set", content=b"0" * 20_000)) == (
        413,
        "oversized",
    )
    long = {"draw": "0x" + "00" * 32, "commits": [_any_commit()] * 8}
    assert refusal(node.client.post(f"{drawn.path}/set", json=long)) == (422, "malformed")


def test_refusals_do_not_repeat_what_was_sent(world, node, drawn):
    secret = "0x" + "5ec2e7" * 10
    answer = put(node, world, drawn, **{"X-Touchstone-Salt": secret})
    assert "5ec2e7" not in answer.text
