"""`GET /models/{program_root}/{file}`: a mirror's side of docs/mirrors.md."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from touchstone.coordination.messages import Refusal, RefusalEnvelope
from touchstone.errors import RefusedError
from touchstone.mirrors.bounds import Gate, Pace
from touchstone.mirrors.ranges import Span, read_range
from touchstone.serving import peer_of_address

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from io import BufferedReader

    from starlette.types import Receive, Scope, Send

    from touchstone.mirrors.shelf import Item, Shelf

STATUS = {"unknown_path": 404, "unknown_file": 404, "bad_range": 416, "busy": 503}
"""HTTP status of each refusal."""

MIB = 1 << 20
_SLICE = 1 << 16

_RootPath = Annotated[str, Path(pattern="^0x[0-9a-fA-F]{64}$")]
_RangeHeader = Annotated[str | None, Header(alias="Range")]
_IfRangeHeader = Annotated[str | None, Header(alias="If-Range")]


def mirror_app(shelf: Shelf, mib_per_second: float) -> FastAPI:
    """An application that is a mirror and nothing else."""
    app = FastAPI(title="Touchstone mirror", docs_url=None, redoc_url=None, openapi_url=None)
    add_mirror(app, shelf, mib_per_second)

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        return _refusal(error.rule, str(error))

    async def no_such_path(_: Request, __: Exception) -> JSONResponse:
        return _refusal("unknown_path", "all that is here is GET /models/0x{64 hex digits}/{file}")

    for kind in (HTTPException, RequestValidationError):
        app.add_exception_handler(kind, no_such_path)

    return app


def add_mirror(app: FastAPI, shelf: Shelf, mib_per_second: float) -> None:
    """Serves the files of a shelf; the application answers RefusedError by its rule.

    Args:
        app: gets the route.
        shelf: what may be fetched.
        mib_per_second: MiB a second that all who fetch get together.
    """
    gate, pace = Gate(), Pace(mib_per_second * MIB)

    @app.get("/models/{program_root}/{file}", response_class=StreamingResponse)
    async def get_file(
        program_root: _RootPath,
        file: str,
        range_: _RangeHeader = None,
        if_range: _IfRangeHeader = None,
    ) -> StreamingResponse:
        item = shelf.find(bytes.fromhex(program_root[2:]), file)
        total = await run_in_threadpool(_size, item)
        part = None
        if range_ is not None and if_range in (None, item.tag):
            part = read_range(range_, total)
        return _Answer(item, part, total, gate, pace)


def _size(item: Item) -> int:
    try:
        return item.path.stat().st_size
    except OSError as error:
        raise RefusedError(
            "unknown_file", f"{item.path.name} has gone from this mirror ({error.strerror})"
        ) from error


def _refusal(rule: str, message: str) -> JSONResponse:
    envelope = RefusalEnvelope(error=Refusal(rule=rule, message=message))
    return JSONResponse(envelope.model_dump(), STATUS[rule])


class _Answer(StreamingResponse):
    """A file or a part of one, in slices, within the bounds. Raises RefusedError beyond them."""

    def __init__(self, item: Item, part: Span | None, total: int, gate: Gate, pace: Pace) -> None:
        self._item, self._gate, self._pace = item, gate, pace
        self._span = part or Span(0, total, total)
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Length": str(self._span.end - self._span.start),
            "ETag": item.tag,
        }
        if part is not None:
            headers["Content-Range"] = part.given
        super().__init__(
            (), 200 if part is None else 206, headers, media_type="application/octet-stream"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = peer_of_address(scope["client"][0] if scope.get("client") else "")
        # Closed here: where the other side hangs up, nobody would read it to its end.
        with self._gate.entered(peer), self._item.path.open("rb") as file:
            async with aclosing(self._slices(file)) as slices:
                self.body_iterator = slices
                await super().__call__(scope, receive, send)

    async def _slices(self, file: BufferedReader) -> AsyncGenerator[bytes]:
        left = self._span.end - self._span.start
        file.seek(self._span.start)
        while left:
            await self._pace.passing(min(left, _SLICE))
            data = await run_in_threadpool(file.read, min(left, _SLICE))
            if not data:
                return  # It was cut short meanwhile; the other side sees that bytes are missing.
            left -= len(data)
            yield data
