"""Strangers who hold connections, trickle bytes and send nonsense; an honest job goes on meanwhile.

They come from other loopback addresses than the requester, as strangers do.
"""

import contextlib
import random
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from tests.faults.harness import market, waiting
from touchstone.protocol.claims import delivery_struct_hash
from touchstone.protocol.eip712 import sign

pytestmark = pytest.mark.long

HELD = 300
"""Connections that strangers try to hold at each node, more than it takes in all."""
SOURCES = [f"127.0.0.{n}" for n in range(2, 12)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with market(tmp_path_factory.mktemp("market")) as built:
        built.verifier = built.net.add_verifier()
        built.verifier.wait_ready()
        yield built


def connect(url: str, source: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection(
        (parts.hostname, parts.port), timeout=2, source_address=(source, 0)
    )


class Mob:
    """Strangers at work until the block ends. Each holds connections and does something to them
    every now and then; lost ones are opened again."""

    def __init__(self, urls, begin, then, held: int, pause_s: float = 0.5) -> None:
        self.begin, self.then, self.held, self.pause_s = begin, then, held, pause_s
        self.opened = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._press, args=(url,)) for url in urls]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _press(self, url: str) -> None:
        held: list[socket.socket] = []
        rng = random.Random(url)
        while not self._over.is_set():
            while len(held) < self.held and not self._over.is_set():
                with contextlib.suppress(OSError):
                    held.append(connect(url, SOURCES[self.opened % len(SOURCES)]))
                    held[-1].setblocking(False)
                    held[-1].send(self.begin(rng))
                self.opened += 1
            alive = []
            for one in held:
                try:
                    one.send(self.then(rng))
                    with contextlib.suppress(BlockingIOError):
                        if one.recv(65536) == b"":
                            raise ConnectionResetError
                    alive.append(one)
                except BlockingIOError:
                    alive.append(one)
                except OSError:
                    one.close()
            held = alive
            self._over.wait(self.pause_s)
        for one in held:
            one.close()


def half_a_header(rng):
    return b"GET /health HTTP/1.1\r\nHost: node\r\nX-"


def nothing(rng):
    return b""


def one_letter(rng):
    return b"a"


def huge_header(rng):
    return b"GET /health HTTP/1.1\r\nHost: node\r\nX-Long: " + b"x" * 200_000


def broken_chunks(rng):
    return (
        b"POST /jobs/0x" + b"11" * 32 + b"/set HTTP/1.1\r\nHost: node\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + rng.choice([b"zz\r\n", b"-1\r\n", b"5\r\nabc\r\nx"])
    )


def noise(rng):
    return rng.randbytes(rng.randrange(1, 3000))


def many_requests(rng):
    return b"GET /jobs/0x" + b"22" * 32 + b" HTTP/1.1\r\nHost: node\r\n\r\n" * 40


KINDS = {
    "hundreds hold half-open connections": (nothing, nothing, HELD),
    "hundreds send headers byte by byte": (half_a_header, one_letter, HELD),
    "some send huge headers, broken chunks and noise": (
        lambda rng: rng.choice([huge_header, broken_chunks, noise])(rng),
        noise,
        20,
    ),
    "some send more requests than they wait for": (many_requests, many_requests, 10),
}


@pytest.mark.parametrize(("begin", "then", "held"), KINDS.values(), ids=KINDS)
def test_a_job_settles_while(begin, then, held, built):
    before, client = built.books(), built.client(float("inf"), verifiers=[])
    processes = [*built.nodes, built.verifier]
    alive = [node.pid for node in processes]
    with Mob([node.url for node in processes], begin, then, held) as mob:
        wait_for_the_crowd(mob, held * len(processes))
        job = built.submit(client)
        with waiting(client, job) as outcomes:
            pass
        for node in processes:
            node.wait_ready(10)
    assert outcomes[0].settled
    assert [node.pid for node in processes if node.running] == alive
    built.check_books(before, [job])
    built.signed_once(job)


def test_a_job_settles_while_another_requester_uploads_a_byte_a_second(built):
    before, client = built.books(), built.client(float("inf"))
    slow, quick = built.submit(client), built.submit(client)
    digest = built.net.market.domain.digest(delivery_struct_hash(slow.id, slow.salt))
    signature = sign(built.net.devnet.account(1), digest).expanded().hex()
    head = (
        f"PUT /jobs/0x{slow.id.hex()}/input HTTP/1.1\r\nHost: node\r\n"
        f"Content-Length: {len(slow.payload)}\r\nX-Touchstone-Salt: 0x{slow.salt.hex()}\r\n"
        f"X-Touchstone-Signature: 0x{signature}\r\n\r\n"
    ).encode()
    urls = [node.url for node in built.nodes]
    with Mob(urls, lambda _: head, lambda _: b"\0", 30, pause_s=1) as mob:
        wait_for_the_crowd(mob, 30 * len(urls))
        with waiting(client, quick) as outcomes:
            pass
    with waiting(client, slow) as later:
        pass
    assert outcomes[0].settled
    assert later[0].settled
    built.check_books(before, [slow, quick])


def wait_for_the_crowd(mob: Mob, size: int) -> None:
    deadline = time.monotonic() + 30
    while mob.opened < size and time.monotonic() < deadline:
        time.sleep(0.05)
    assert mob.opened >= size
