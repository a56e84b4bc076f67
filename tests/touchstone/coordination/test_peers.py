"""Peers against a hostile server on a real socket."""

from __future__ import annotations

import gzip
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from touchstone.coordination import peers
from touchstone.coordination.peers import Peer
from touchstone.coordination.together import Together
from touchstone.errors import PeerError, PeerRefusedError
from touchstone.protocol.ids import JobId

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = JobId(bytes(32))


class Hostile(BaseHTTPRequestHandler):
    manner = ""

    def do_GET(self) -> None:
        body, headers, status = b'{"state":"waiting"}', {}, 200
        match type(self).manner:
            case "packed":
                body = gzip.compress(gzip.compress(b"0" * 50_000_000))
                headers = {"Content-Encoding": "gzip, gzip"}
            case "endless":
                body = b"0" * (1 << 20)
            case "elsewhere":
                status, headers = 302, {"Location": f"http://{self.headers['Host']}/other"}
            case "refusing":
                status, body = 409, b'{"error":{"rule":"busy","message":"later"}}'
            case "garbage":
                body = b"\xff" * 10
            case "cookies":
                headers = {"Set-Cookie": "a=b"}
                assert "Cookie" not in self.headers
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if type(self).manner == "dripping":
            # The other side is to lose its patience, and to hang up.
            with suppress(OSError):
                for byte in body:
                    time.sleep(0.2)
                    self.wfile.write(bytes([byte]))
        else:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def peer() -> Iterator[Peer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Peer(f"http://127.0.0.1:{server.server_port}", private=True)
    server.shutdown()
    server.server_close()


def test_an_honest_answer_is_read(peer: Peer) -> None:
    Hostile.manner = "honest"
    assert peer.status(JOB).state == "waiting"


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("packed", "packed form"),
        ("endless", "more than"),
        ("elsewhere", "status 302"),
        ("garbage", "something else"),
    ],
)
def test_a_hostile_answer_is_one_clear_error(peer: Peer, manner: str, why: str) -> None:
    Hostile.manner = manner
    with pytest.raises(PeerError, match=why):
        peer.status(JOB)


def test_a_refusal_carries_its_rule(peer: Peer) -> None:
    Hostile.manner = "refusing"
    with pytest.raises(PeerRefusedError) as caught:
        peer.status(JOB)
    assert caught.value.rule == "busy"


def test_no_cookie_is_kept(peer: Peer) -> None:
    Hostile.manner = "cookies"
    assert peer.status(JOB).state == peer.status(JOB).state == "waiting"


def test_an_answer_that_drips_is_cut_off(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    Hostile.manner = "dripping"
    monkeypatch.setattr(peers, "_WHOLE_CALL_S", 0.5)
    with pytest.raises(PeerError, match="too slowly"):
        peer.status(JOB)


def test_nobody_waits_for_a_slow_peer_nor_asks_it_twice() -> None:
    release, asked, together = threading.Event(), [], Together()

    def slow() -> None:
        asked.append("slow")
        release.wait(20)

    began = time.monotonic()
    for _ in range(3):
        together.ask({"slow": slow, "quick": lambda: asked.append("quick")}, wait_s=0.1)
    assert time.monotonic() - began < 5
    assert asked.count("slow") == 1
    assert asked.count("quick") == 3
    release.set()
