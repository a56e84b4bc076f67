"""A JSON-RPC endpoint between the roles and their chain, with all the bad days of a real one."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Self

import httpx

MODES = ("pass", "down", "flapping", "html", "status 500", "garbage", "slow", "lagging")
LAG_BLOCKS = 12
SLOW_S = 1.0
_GARBAGE = (
    b"null",
    b"[]",
    b"7",
    b'{"jsonrpc": "2.0", "id": 1}',
    b'{"jsonrpc": "2.0", "id": 1, "result": null}',
    b'{"jsonrpc": "2.0", "id": 1, "result": "0x"}',
    b'{"jsonrpc": "2.0", "id": 1, "result": "not hex"}',
    b'{"jsonrpc": "2.0", "id": 1, "result": {"number": -7}}',
    b'{"jsonrpc": "2.0", "id": 1, "error": "no"}',
    b'{"jsonrpc": "2.0", "id": 1, "resu',
    b"\x00\xff\xfe",
)


class Proxy:
    """Serves at `url` what `backend` answers, by its `mode`."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.mode = "pass"
        self.asked = 0
        self._numbers = count()
        self._client = httpx.Client(timeout=60)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._client.close()

    def answer(self, body: bytes) -> tuple[int, str, bytes] | None:
        """Status, type and body; None to hang up."""
        self.asked += 1
        number, mode = next(self._numbers), self.mode
        if mode == "down" or (mode == "flapping" and number % 2):
            return None
        if mode == "html":
            return 200, "text/html", b"<html><body>Log in to the airport's network</body></html>"
        if mode == "status 500":
            return 500, "text/plain", b"oops"
        if mode == "garbage":
            return 200, "application/json", _GARBAGE[number % len(_GARBAGE)]
        if mode == "slow":
            time.sleep(SLOW_S)
        request = json.loads(body)
        if mode == "lagging":
            late = (
                [self._late(r) for r in request]
                if isinstance(request, list)
                else (self._late(request))
            )
            return 200, "application/json", json.dumps(late).encode()
        return 200, "application/json", self._forward(body)

    def _forward(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        return self._client.post(self.backend, content=body, headers=headers).content

    def _ask(self, method: str, params: list) -> dict:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return json.loads(self._forward(json.dumps(request).encode()))

    def _late(self, request: dict) -> dict:
        """The answer of a node that is some blocks behind."""
        head = max(0, int(self._ask("eth_blockNumber", [])["result"], 16) - LAG_BLOCKS)
        method = request["method"]
        if method == "eth_blockNumber":
            return {"jsonrpc": "2.0", "id": request["id"], "result": hex(head)}

        def old(value):
            if value in ("latest", "pending"):
                return hex(head)
            if isinstance(value, dict) and "toBlock" in value:
                last = value["toBlock"]
                number = head if last in ("latest", "pending") else int(last, 16)
                return {**value, "toBlock": hex(min(number, head))}
            return value

        asked = request["params"][0] if method == "eth_getBlockByNumber" else ""
        if asked.startswith("0x") and int(asked, 16) > head:
            return {"jsonrpc": "2.0", "id": request["id"], "result": None}
        if method not in ("eth_sendRawTransaction", "eth_getTransactionCount"):
            request = {**request, "params": [old(value) for value in request["params"]]}
        answer = json.loads(self._forward(json.dumps(request).encode()))
        receipt = answer.get("result") if method == "eth_getTransactionReceipt" else None
        if receipt and int(receipt["blockNumber"], 16) > head:
            answer["result"] = None
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    answer = proxy.answer(body)
                except httpx.HTTPError:
                    answer = None
                if answer is None:
                    self.close_connection = True
                    return
                status, kind, content = answer
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler
