"""One mirror, as a download sees it: asked for files and parts of files, and never believed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpx

from touchstone.coordination.asking import no_cookies, request_to
from touchstone.coordination.endpoints import parse_endpoint
from touchstone.errors import MirrorError, PeerError, PrivateAddressError

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext
    from types import TracebackType

    from touchstone.mirrors.ranges import Span

_CONNECT_S = 5
_LONGEST_PAUSE_S = 8


@cache
def _certificates() -> SSLContext:
    """Those that the system trusts; reading them takes longer than a piece."""
    return httpx.create_ssl_context()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a mirror is put up with.

    Attributes:
        piece_s: seconds for one piece, from the question to its last byte.
        small_s: seconds for any other file.
        pause_s: seconds before a mirror in trouble is asked again, twice as many each time.
        troubles: failures in a row after which a mirror is left.
        lies: answers that break a rule, in all, after which it is left.
        at_once: pieces that are asked of one mirror at once. Each takes 1 MiB of memory.
    """

    piece_s: float = 30
    small_s: float = 120
    pause_s: float = 0.5
    troubles: int = 8
    lies: int = 4
    at_once: int = 4


class Mirror:
    """One mirror and what became of asking it. For one event loop, in an `async with`.

    Attributes:
        url: its base address.
        pieces: pieces of the weights that it has given.
        faults: answers of it that could not be used.
        last_fault: why the last one could not; empty where there was none.
        left: whether nothing is asked of it any more.
    """

    def __init__(self, url: str, *, private: bool, patience: Patience) -> None:
        """Binds the address.

        Args:
            url: base address: a file is at `{url}/models/0x{program root}/{name}`.
            private: whether it may lead to an address that is not public: for mirrors that the user
                has typed.
            patience: how long it is put up with.

        Raises:
            MirrorError: it is not an http or https address.
        """
        try:
            self._endpoint = parse_endpoint(url)
        except PeerError as error:
            raise MirrorError(str(error), lasting=True) from error
        self.url = self._endpoint.url
        self.patience = patience
        self.pieces = 0
        self.faults = 0
        self.last_fault = ""
        self.left = False
        self._private = private
        self._address: str | None = None
        self._lies = 0
        self._in_a_row = 0
        self._resume_at = 0.0
        # Of its own: connections are shared by address, and two names may share one.
        self._client = httpx.AsyncClient(
            verify=_certificates(),
            timeout=httpx.Timeout(None, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=patience.at_once),
            follow_redirects=False,
            cookies=no_cookies(),
        )

    async def __aenter__(self) -> Mirror:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def piece(self, path: str, span: Span) -> bytes:
        """The bytes of a part of a file, as many as were asked for, unchecked.

        Raises:
            MirrorError: none came, or not these, or not in time.
        """
        data, size = bytearray(), span.end - span.start
        await self._get(path, data.extend, size, self.patience.piece_s, span)
        if len(data) != size:
            raise MirrorError(f"sends {len(data)} bytes instead of {size}", lasting=True)
        return bytes(data)

    async def file(self, path: str, limit: int, sink: Callable[[bytes], object]) -> None:
        """Gives a whole file, unchecked, to `sink` as it comes, at most `limit` bytes of it.

        Raises:
            MirrorError: it did not come, or not in time, or has more bytes.
        """
        await self._get(path, sink, limit, self.patience.small_s, None)

    def succeeded(self) -> None:
        """An answer was used."""
        self._in_a_row = 0

    def failed(self, error: MirrorError, asked_at: float) -> None:
        """An answer could not be used.

        Args:
            error: why.
            asked_at: the loop's time of the question. Questions that were under way together when
                a trouble began have one trouble, not many.
        """
        self.faults += 1
        self.last_fault = str(error)
        if error.lasting:
            self._lies += 1
        elif asked_at >= self._resume_at:
            pause = min(self.patience.pause_s * 2**self._in_a_row, _LONGEST_PAUSE_S)
            self._in_a_row += 1
            self._resume_at = asyncio.get_running_loop().time() + pause
            # Its name may lead elsewhere by now.
            self._address = None
        if self._lies >= self.patience.lies or self._in_a_row >= self.patience.troubles:
            self.left = True

    def pause_s(self) -> float:
        """Seconds until it is to be asked again; 0 where it is in no trouble."""
        return max(0.0, self._resume_at - asyncio.get_running_loop().time())

    async def _get(
        self,
        path: str,
        sink: Callable[[bytes], object],
        limit: int,
        within_s: float,
        span: Span | None,
    ) -> None:
        try:
            # Around everything: a header, too, can come a byte at a time.
            async with asyncio.timeout(within_s):
                await self._read(path, sink, limit, span)
        except TimeoutError:
            raise MirrorError(f"did not answer in {within_s:g} s", lasting=False) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            problem = f"does not answer ({type(error).__name__})"
            raise MirrorError(problem, lasting=False) from error

    async def _read(
        self, path: str, sink: Callable[[bytes], object], limit: int, span: Span | None
    ) -> None:
        headers = {} if span is None else {"Range": span.wanted}
        request = request_to(
            self._client, self._endpoint, await self._look_up(), "GET", path, headers=headers
        )
        answer = await self._client.send(request, stream=True)
        try:
            _require_good(answer, limit, span)
            received = 0
            async for chunk in answer.aiter_raw():
                received += len(chunk)
                if received > limit:
                    raise MirrorError(f"sends more than {limit} bytes", lasting=True)
                sink(chunk)
        finally:
            await answer.aclose()

    async def _look_up(self) -> str:
        if self._address is None:
            try:
                self._address = await asyncio.to_thread(
                    self._endpoint.address, private=self._private
                )
            except PeerError as error:
                lasting = isinstance(error, PrivateAddressError)
                raise MirrorError(str(error), lasting=lasting) from error
        return self._address


def _require_good(answer: httpx.Response, limit: int, span: Span | None) -> None:
    """Judges an answer by its header. Raises MirrorError unless its body is what was asked for."""
    status, wanted = answer.status_code, 200 if span is None else 206
    if answer.has_redirect_location:
        raise MirrorError("sends us on to another place: a mirror has its files", lasting=True)
    if status != wanted:
        busy = status in {408, 425, 429} or status >= 500
        raise MirrorError(f"answers with status {status} instead of {wanted}", lasting=not busy)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        # What unpacks to gigabytes is only kilobytes on the way.
        raise MirrorError("answers in a packed form", lasting=True)
    given = answer.headers.get("Content-Range")
    if span is not None and given != span.given:
        raise MirrorError(f"sends {str(given)[:80]!r} instead of {span.given!r}", lasting=True)
    declared = answer.headers.get("Content-Length", "0")
    if not declared.isdigit() or len(declared) > 19 or int(declared) > limit:
        raise MirrorError(f"announces {declared[:20]!r} bytes, at most {limit} fit", lasting=True)
