"""A front for a real provider node that signs a second commitment for every other question."""

from __future__ import annotations

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

import httpx

from touchstone.protocol.claims import Commit
from touchstone.protocol.ids import JobId

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from touchstone.protocol.eip712 import Domain


class TwoFaced:
    """Passes everything on to the node behind it, but shows callers two different commitments in
    turn, both signed with the provider's key: first one that its node cannot open."""

    def __init__(self, account: LocalAccount, domain: Domain) -> None:
        self._account = account
        self._domain = domain
        self._asked = 0
        self.backend = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _second_face(self, job: JobId, body: bytes) -> bytes:
        status = json.loads(body)
        if not status.get("commit"):
            return body
        self._asked += 1
        if self._asked % 2 == 0:
            return body
        commitment = secrets.token_bytes(32)
        commit = Commit(job, bytes.fromhex(status["draw"][2:]), commitment)
        signature = commit.sign(self._domain, self._account)
        status["commit"] = {
            "commitment": "0x" + commitment.hex(),
            "signature": "0x" + signature.to_bytes().hex(),
        }
        return json.dumps(status).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        front = self

        class Handler(BaseHTTPRequestHandler):
            def _pass(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                skipped = {"host", "content-length", "connection", "accept-encoding"}
                answer = httpx.request(
                    self.command,
                    front.backend + self.path,
                    content=self.rfile.read(length),
                    headers={k: v for k, v in self.headers.items() if k.lower() not in skipped},
                    timeout=30,
                )
                body, parts = answer.content, self.path.strip("/").split("/")
                if self.command == "GET" and len(parts) == 2 and answer.status_code == 200:
                    body = front._second_face(JobId(bytes.fromhex(parts[1][2:])), body)
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = _pass  # noqa: N815 (the base class calls these names)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
