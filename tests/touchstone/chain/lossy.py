"""A proxy that passes requests on but loses the answers to some."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx


@contextmanager
def answers_lost(upstream: str, method: str, times: int) -> Iterator[tuple[str, list[bytes]]]:
    """The proxy's address, and the parameters of the requests of `method` that it passed on.

    The first `times` answers to `method` are lost: the connection is closed instead.
    """
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = httpx.post(
                upstream, content=body, headers={"Content-Type": "application/json"}
            )
            if method.encode() in body:
                taken.append(body.partition(b'"params"')[2].partition(b"]")[0])
                if len(taken) <= times:
                    self.close_connection = True
                    return
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", taken
        finally:
            server.shutdown()
            thread.join()
