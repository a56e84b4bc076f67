"""Nobody holds what the others need: connections, time, uploads."""

import asyncio
import contextlib
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request

from touchstone.localnet.node import free_port
from touchstone.serving import Crowd, Limits, peer_of_address, server_config

LIMITS = Limits(connections=12, per_peer=4, uploads_per_peer=2, header_s=0.6, request_s=1.5)
WHOLE = b"GET /hello HTTP/1.1\r\nHost: node\r\n\r\n"


@pytest.fixture(scope="module")
def port():
    app = FastAPI()

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.put("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    @app.get("/never")
    async def never() -> None:
        await asyncio.sleep(3600)

    number = free_port()
    server = uvicorn.Server(server_config(app, "127.0.0.1", number, LIMITS))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield number
    server.should_exit = True
    thread.join(20)


def connect(port: int, source: int = 2) -> socket.socket:
    """A connection from 127.0.0.`source`."""
    return socket.create_connection(
        ("127.0.0.1", port), timeout=10, source_address=(f"127.0.0.{source}", 0)
    )


def is_closed(connection: socket.socket) -> bool:
    """Whether the server ends the connection within its time limits."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def hello(port: int) -> int:
    return httpx.get(f"http://127.0.0.1:{port}/hello", timeout=5).status_code


def test_a_header_that_does_not_come_ends_the_connection(port):
    with connect(port) as silent:
        assert is_closed(silent)


def test_a_header_byte_by_byte_wins_no_time(port):
    with connect(port) as loris:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < began + 8 * LIMITS.header_s:
                loris.sendall(b"G")
                time.sleep(0.05)
        assert is_closed(loris)
        assert time.monotonic() < began + 8 * LIMITS.header_s


def test_a_body_that_does_not_come_ends_the_connection(port):
    with connect(port) as slow:
        slow.sendall(b"PUT /body HTTP/1.1\r\nHost: node\r\nContent-Length: 9\r\n\r\nab")
        assert is_closed(slow)


def test_a_request_that_takes_for_ever_is_given_up(port):
    with connect(port) as waiting:
        waiting.sendall(WHOLE.replace(b"/hello", b"/never"))
        assert is_closed(waiting)


def test_a_body_that_goes_on_after_the_answer_wins_no_time(port):
    with connect(port) as chatty:
        chatty.sendall(b"GET /hello HTTP/1.1\r\nHost: node\r\nContent-Length: 99999\r\n\r\n")
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < began + 8 * LIMITS.header_s:
                chatty.sendall(b"x")
                time.sleep(0.05)
        assert is_closed(chatty)


def test_one_connection_serves_many_requests_longer_than_any_limit(port):
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(8):
            assert client.get("/hello").status_code == 200
            time.sleep(LIMITS.header_s / 2)


def test_requests_sent_in_advance_are_all_answered(port):
    with connect(port) as hasty:
        hasty.sendall(WHOLE * 5)
        received = b""
        while received.count(b"200 OK") < 5:
            data = hasty.recv(65536)
            assert data, received
            received += data


def test_a_peer_has_its_share_of_connections_and_leaves_the_rest(port):
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(port, 3)) for _ in range(LIMITS.per_peer + 3)]
        assert is_closed(held[-1])
        assert hello(port) == 200


def test_where_all_connections_are_held_the_idlest_makes_room(port):
    with contextlib.ExitStack() as stack:
        for source in range(4, 10):
            for _ in range(LIMITS.per_peer):
                stack.enter_context(connect(port, source))
        assert [hello(port) for _ in range(5)] == [200] * 5


def test_a_peer_has_its_share_of_uploads(port):
    head = b"PUT /body HTTP/1.1\r\nHost: node\r\nContent-Length: 3\r\n\r\n"
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(port, 11)) for _ in range(LIMITS.uploads_per_peer)]
        for one in held:
            one.sendall(head + b"a")
        time.sleep(0.2)
        third = stack.enter_context(connect(port, 11))
        third.sendall(head + b"abc")
        assert b" 503 " in third.recv(65536)
        other = stack.enter_context(connect(port, 12))
        other.sendall(head + b"abc")
        assert b" 200 " in other.recv(65536)
        held[0].sendall(b"bc")
        assert b" 200 " in held[0].recv(65536)
        again = stack.enter_context(connect(port, 11))
        again.sendall(head + b"abc")
        assert b" 200 " in again.recv(65536)


def test_neighbours_in_one_network_of_ipv6_are_one_peer():
    assert peer_of_address("2001:db8::1") == peer_of_address("2001:db8::ffff:1")
    assert peer_of_address("2001:db8::1") != peer_of_address("2001:db8:0:1::1")
    assert peer_of_address("::ffff:10.0.0.7") == peer_of_address("10.0.0.7") == "10.0.0.7"


def test_nobody_is_counted_who_has_left():
    crowd = Crowd(Limits(connections=3, per_peer=3))
    for number in range(30):
        assert crowd.enter(number, str(number % 4), lambda: None)
        crowd.works(number)
        crowd.waits(number, lambda: None)
        crowd.leave(number)
        crowd.leave(number)
    assert not crowd.by_peer
    assert not crowd.waiting
