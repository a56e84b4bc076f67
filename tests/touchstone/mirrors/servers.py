"""Mirrors on real sockets: an honest one, and one of any manners."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import uvicorn

from touchstone.mirrors.serving import mirror_app
from touchstone.mirrors.shelf import Shelf
from touchstone.programs.weights import PIECE
from touchstone.serving import server_config


@contextmanager
def honest_mirror(*folders: Path, mib_per_second: float = 1000) -> Iterator[str]:
    """The mirror that `touchstone model mirror` runs; gives its address."""
    shelf = Shelf()
    for folder in folders:
        shelf.add(folder)
    server = uvicorn.Server(server_config(mirror_app(shelf, mib_per_second), "127.0.0.1", 0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Answer:
    """What a mirror is about to say."""

    status: int
    headers: dict[str, str]
    body: bytes
    write: Callable[["Handler", bytes], None] = lambda handler, body: handler.wfile.write(body)


Manner = Callable[[Answer, str, int | None], None]
"""Spoils an answer; is told the file's name and, of a range, the number of the piece."""


@dataclass
class Mannered:
    """A mirror with manners."""

    url: str
    asked: list[tuple[str, int | None]] = field(default_factory=list)
    """Each file, and piece, that it was asked for."""


@contextmanager
def mannered_mirror(folder: Path, manner: Manner) -> Iterator[Mannered]:
    """A mirror of one folder under any root, whose answers `manner` spoils."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.folder, server.manner = folder, manner
    server.mirror = Mannered(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.mirror
    finally:
        server.shutdown()
        server.socket.close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name, piece = self.path.rsplit("/", 1)[1], None
        path = self.server.folder / name
        if not path.exists():
            self.server.mirror.asked.append((name, None))
            self.send_error(404)
            return
        data, answer = path.read_bytes(), Answer(200, {}, b"")
        if wanted := self.headers.get("Range"):
            start, end = map(int, wanted.removeprefix("bytes=").split("-"))
            piece, answer.status = start // PIECE, 206
            answer.headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
            data = data[start : end + 1]
        answer.body = data
        answer.headers["Content-Length"] = str(len(data))
        self.server.mirror.asked.append((name, piece))
        self.server.manner(answer, name, piece)
        with suppress(OSError):  # The other side may have lost its patience.
            self.send_response(answer.status)
            for header, value in answer.headers.items():
                self.send_header(header, value)
            self.end_headers()
            answer.write(self, answer.body)

    def log_message(self, *_: object) -> None:
        pass


# --- manners, of the weights only ----------------------------------------------------------------


def of_weights(spoil: Callable[[Answer], None]) -> Manner:
    def manner(answer: Answer, name: str, piece: int | None) -> None:
        if piece is not None:
            spoil(answer)

    return manner


def honest(answer: Answer) -> None:
    pass


def one_wrong_bit(answer: Answer) -> None:
    answer.body = answer.body[:-1] + bytes([answer.body[-1] ^ 1])


def cut_short(answer: Answer) -> None:
    answer.body = answer.body[:-1]


def announced_shorter(answer: Answer) -> None:
    answer.body = answer.body[:-1]
    answer.headers["Content-Length"] = str(len(answer.body))


def announced_endless(answer: Answer) -> None:
    answer.headers["Content-Length"] = str(1 << 50)


def endless(answer: Answer) -> None:
    del answer.headers["Content-Length"]
    answer.write = _without_end


def whole_file(answer: Answer) -> None:
    answer.status = 200


def another_range(answer: Answer) -> None:
    answer.headers["Content-Range"] = "bytes 0-0/" + answer.headers["Content-Range"].split("/")[1]


def no_range(answer: Answer) -> None:
    del answer.headers["Content-Range"]


def packed(answer: Answer) -> None:
    answer.body = gzip.compress(answer.body, 1)
    answer.headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(answer.body))}


def sent_elsewhere(answer: Answer) -> None:
    answer.status = 302
    answer.headers |= {"Location": "/a-place-of-ours", "Content-Length": "0"}
    answer.body = b""


def missing(answer: Answer) -> None:
    answer.status = 404


def failing(answer: Answer) -> None:
    answer.status = 500


def dripping(answer: Answer) -> None:
    answer.write = _byte_by_byte


def silent(answer: Answer) -> None:
    time.sleep(1)


def hanging_up(answer: Answer) -> None:
    answer.write = lambda handler, body: handler.connection.close()


def _without_end(handler: Handler, body: bytes) -> None:
    while True:
        handler.wfile.write(bytes(PIECE))


def _byte_by_byte(handler: Handler, body: bytes) -> None:
    for byte in body:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.1)
