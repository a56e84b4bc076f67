"""Proxies that stand between a client and a chain, and make trouble."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx


class ClosedError(Exception):
    """The connection is closed instead of an answer."""


@contextmanager
def proxy(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """The address of a server whose answers to requests are those of `answer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                content = answer(body)
            except ClosedError:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def forward(upstream: str, body: bytes) -> bytes:
    """The chain's own answer."""
    return httpx.post(upstream, content=body, headers={"Content-Type": "application/json"}).content


@contextmanager
def answers_lost(upstream: str, method: str, times: int) -> Iterator[tuple[str, list[bytes]]]:
    """The proxy's address, and the parameters of the requests of `method` that it passed on.

    The first `times` answers to `method` are lost: the connection is closed instead.
    """
    taken: list[bytes] = []

    def answer(body: bytes) -> bytes:
        content = forward(upstream, body)
        if method.encode() in body:
            taken.append(body.partition(b'"params"')[2].partition(b"]")[0])
            if len(taken) <= times:
                raise ClosedError
        return content

    with proxy(answer) as url:
        yield url, taken


def altered(upstream: str, alter: Callable[[dict, dict], dict]) -> Callable[[bytes], bytes]:
    """For `proxy`: the chain's answers, each changed by `alter(request, answer)`; batches too."""

    def answer(body: bytes) -> bytes:
        asked, answers = json.loads(body), json.loads(forward(upstream, body))
        if isinstance(asked, list):
            return json.dumps([alter(q, a) for q, a in zip(asked, answers, strict=True)]).encode()
        return json.dumps(alter(asked, answers)).encode()

    return answer
