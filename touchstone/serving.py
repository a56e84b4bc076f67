"""Serves an application to strangers: none of them can hold what the others need.

A plain server counts connections, not who holds them: a few hundred that send a byte now and then
leave no room for anybody else.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from fastapi import FastAPI


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers may hold.

    Attributes:
        connections: of all peers together. Where all are taken, the one that has waited longest
            without a request makes room.
        per_peer: connections of one peer: an IPv4 address or an IPv6 network of 64 bits.
        uploads_per_peer: requests with a body that one peer may have under way.
        header_s: seconds from a connection, or from the end of an answer, to a whole header.
        request_s: seconds from a header to the end of its answer.
    """

    connections: int = 256
    per_peer: int = 64
    uploads_per_peer: int = 16
    header_s: float = 15
    request_s: float = 120


def peer_of_address(address: str) -> str:
    """Whom an address counts for."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


@dataclass(slots=True)
class Crowd:
    """The connections of a server, by peer. For one event loop.

    Attributes:
        waiting: connections without a request in hand, the one that waits longest first.
    """

    limits: Limits
    by_peer: Counter[str] = field(default_factory=Counter)
    uploads: Counter[str] = field(default_factory=Counter)
    waiting: dict[object, Callable[[], None]] = field(default_factory=dict)
    _peers: dict[object, str] = field(default_factory=dict)

    def enter(self, connection: object, peer: str, close: Callable[[], None]) -> bool:
        """Whether a new connection may stay; another may be closed to make room for it."""
        if self.by_peer[peer] >= self.limits.per_peer:
            return False
        if len(self._peers) >= self.limits.connections:
            oldest = next(iter(self.waiting), None)
            if oldest is None:
                return False
            self.waiting.pop(oldest)()
            self.leave(oldest)
        self._peers[connection] = peer
        self.by_peer[peer] += 1
        self.waiting[connection] = close
        return True

    def leave(self, connection: object) -> None:
        """A connection has ended. Harmless if repeated."""
        self.waiting.pop(connection, None)
        peer = self._peers.pop(connection, None)
        if peer is not None:
            self._one_less(self.by_peer, peer)

    def works(self, connection: object) -> None:
        """A connection has a request in hand."""
        self.waiting.pop(connection, None)

    def waits(self, connection: object, close: Callable[[], None]) -> None:
        """A connection waits for its next request."""
        if connection in self._peers:
            self.waiting[connection] = close

    def begin_upload(self, peer: str) -> bool:
        """Whether a peer may begin one more upload."""
        if self.uploads[peer] >= self.limits.uploads_per_peer:
            return False
        self.uploads[peer] += 1
        return True

    def end_upload(self, peer: str) -> None:
        """An upload is over."""
        self._one_less(self.uploads, peer)

    @staticmethod
    def _one_less(counts: Counter[str], peer: str) -> None:
        counts[peer] -= 1
        if counts[peer] <= 0:
            del counts[peer]


def server_config(
    app: FastAPI, host: str, port: int, limits: Limits | None = None
) -> uvicorn.Config:
    """How uvicorn serves the application within limits, by default those of `Limits`."""
    crowd = Crowd(limits or Limits())
    return uvicorn.Config(
        _Uploads(app, crowd),
        host=host,
        port=port,
        http=_protocol(crowd),
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=int(crowd.limits.header_s),
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
    )


_MOST_HEADER_BYTES = 16 << 10
_BUSY = b'{"error":{"rule":"busy","message":"too many requests of one peer at once"}}'
_BUSY_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_BUSY)).encode()),
    (b"connection", b"close"),
]


class _Uploads:
    """Refuses a peer's further uploads while it has many under way."""

    def __init__(self, app: FastAPI, crowd: Crowd) -> None:
        self._app = app
        self._crowd = crowd

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] not in {"PUT", "POST"}:
            await self._app(scope, receive, send)
            return
        peer = peer_of_address(scope["client"][0] if scope.get("client") else "")
        if not self._crowd.begin_upload(peer):
            start = {"type": "http.response.start", "status": 503, "headers": _BUSY_HEADERS}
            await send(start)
            await send({"type": "http.response.body", "body": _BUSY})
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._crowd.end_upload(peer)


def _protocol(crowd: Crowd) -> type[H11Protocol]:
    """uvicorn's protocol, with time limits and a place in the crowd."""
    limits = crowd.limits

    class Guarded(H11Protocol):
        _timer: asyncio.TimerHandle | None = None
        _working = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            peer = peer_of_address(self.client[0] if self.client else "")
            if crowd.enter(self, peer, transport.abort):
                self._within(limits.header_s)
            else:
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            self._within(None)
            crowd.leave(self)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._look()

        def on_response_complete(self) -> None:
            self._working = False
            self._within(limits.header_s)
            crowd.waits(self, self.transport.abort)
            super().on_response_complete()
            # What the peer has sent in advance may have begun the next request.
            self._look()

        def _look(self) -> None:
            cycle: Any = self.cycle  # None before the first request
            if self._working or cycle is None or cycle.response_complete:
                # While it waits, bytes do not win time: a header comes whole, or not at all.
                return
            self._working = True
            self._within(limits.request_s)
            crowd.works(self)

        def _within(self, seconds: float | None) -> None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            if seconds is not None:
                self._timer = self.loop.call_later(seconds, self.transport.abort)

    return Guarded
