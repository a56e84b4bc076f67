"""The HTTP interface of a node: docs/protocol.md, to the letter."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import FastAPI, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ValidationError
from requests.exceptions import RequestException
from starlette.exceptions import HTTPException
from web3.exceptions import Web3Exception

from provider.log import log
from touchstone.coordination.messages import (
    SALT_HEADER,
    SIGNATURE_HEADER,
    CommitSet,
    DraftAsked,
    InputSource,
    OpeningAsked,
    Refusal,
    RefusalEnvelope,
    TokensAsked,
)
from touchstone.errors import ChainError, RefusedError, StoreError
from touchstone.protocol.ids import JobId
from touchstone.protocol.payload import MAX_PAYLOAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from provider.drafting import Drafting
    from provider.forwarding import Forwarding
    from provider.service import Service

STATUS = {
    "unknown_job": 404,
    "unknown_path": 404,
    "unknown_file": 404,
    "unfunded": 409,
    "not_drawn_here": 403,
    "wrong_model": 409,
    "oversized": 413,
    "wrong_input": 422,
    "malformed": 422,
    "unsigned": 401,
    "wrong_draw": 409,
    "incomplete_set": 409,
    "bad_set": 422,
    "not_ready": 409,
    "bad_range": 416,
    "busy": 503,
    "internal": 500,
}
"""HTTP status of each refusal."""

_SET_BYTES = 16 << 10
_BODY_S = 60
_MOST_SIGNATURE_BYTES = 2048
"""A contract wallet's signature may be longer than 65 bytes, but not endless."""

_JobPath = Annotated[str, Path(pattern="^0x[0-9a-fA-F]{64}$")]
_SaltHeader = Annotated[str, Header(alias=SALT_HEADER, pattern="^0x[0-9a-fA-F]{64}$")]
_SignatureHeader = Annotated[str | None, Header(alias=SIGNATURE_HEADER)]
M = TypeVar("M", bound=BaseModel)
_BYTES_SCHEMA = {"type": "string", "format": "binary"}
_SET_SCHEMA = CommitSet.model_json_schema(
    ref_template="#/paths/~1jobs~1%7Bjob%7D~1set/post/requestBody/content/application~1json/schema"
    "/$defs/{model}"
)


_OPENING_SCHEMA = OpeningAsked.model_json_schema()
_SOURCE_SCHEMA = InputSource.model_json_schema()
_DRAFT_SCHEMA = DraftAsked.model_json_schema()
_TOKENS_SCHEMA = TokensAsked.model_json_schema()
_NEWS_S = 5.0
"""How long a request waits for tokens that are not written yet."""
_LOOK_S = 0.02


def _body(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    """What the description of the interface says of a body that is read by hand."""
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}


def make_app(
    service: Service,
    forwarding: Forwarding,
    drafting: Drafting,
    health: Callable[[], dict[str, object]],
) -> FastAPI:
    """The application that serves `service`; `health` tells of the node."""
    app = FastAPI(title="Touchstone provider node", docs_url=None, redoc_url=None)
    _answer_errors(app)

    @app.get("/health")
    async def get_health() -> JSONResponse:
        return JSONResponse(await run_in_threadpool(health))

    @app.put("/jobs/{job}/input", openapi_extra=_body("application/octet-stream", _BYTES_SCHEMA))
    async def put_input(
        request: Request,
        job: _JobPath,
        salt: _SaltHeader,
        signature: _SignatureHeader = None,
    ) -> Response:
        _require_length(request, MAX_PAYLOAD_BYTES)
        id_, salt_ = JobId(_bytes(job)), _bytes(salt)
        limit = await run_in_threadpool(service.admit, id_, salt_, _signature(signature))
        payload = await _read(request, limit)
        status, new = await run_in_threadpool(service.accept, id_, payload, salt_)
        return _json(status, 202 if new else 200)

    @app.post("/jobs/{job}/input-source", openapi_extra=_body("application/json", _SOURCE_SCHEMA))
    async def post_input_source(
        request: Request,
        job: _JobPath,
        salt: _SaltHeader,
        signature: _SignatureHeader = None,
    ) -> Response:
        source = _parse(InputSource, await _read(request, _SET_BYTES))
        id_, salt_, signed = JobId(_bytes(job)), _bytes(salt), _signature(signature)
        status, new = await run_in_threadpool(forwarding.take, id_, salt_, signed, source)
        return _json(status, 202 if new else 200)

    @app.post("/jobs/{job}/draft", openapi_extra=_body("application/json", _DRAFT_SCHEMA))
    async def post_draft(
        request: Request, job: _JobPath, salt: _SaltHeader, signature: _SignatureHeader = None
    ) -> Response:
        id_, salt_, signed = JobId(_bytes(job)), _bytes(salt), _signature(signature)
        order = await run_in_threadpool(service.order_of, id_)
        limit = await run_in_threadpool(drafting.admit, order, id_, salt_, signed)
        asked = _parse(DraftAsked, await _read(request, limit))
        return _json(await run_in_threadpool(drafting.read, order, id_, asked))

    @app.get("/jobs/{job}/input")
    async def get_input(
        job: _JobPath,
        signature: _SignatureHeader = None,
    ) -> Response:
        id_, signed = JobId(_bytes(job)), _signature(signature)
        payload, salt = await run_in_threadpool(service.audit_input, id_, signed)
        return Response(salt + payload, media_type="application/octet-stream")

    @app.get("/jobs/{job}")
    async def get_job(job: _JobPath) -> Response:
        return _json(await run_in_threadpool(service.status, JobId(_bytes(job))))

    @app.post("/jobs/{job}/set", openapi_extra=_body("application/json", _SET_SCHEMA))
    async def post_set(request: Request, job: _JobPath) -> Response:
        body = await _read(request, _SET_BYTES)
        commits = _parse(CommitSet, body)
        return _json(await run_in_threadpool(service.claim, JobId(_bytes(job)), commits))

    @app.get("/jobs/{job}/output")
    async def get_output(
        job: _JobPath,
        salt: _SaltHeader,
        signature: _SignatureHeader = None,
    ) -> Response:
        signed = b"" if signature is None else _signature(signature)
        output = await run_in_threadpool(service.output, JobId(_bytes(job)), _bytes(salt), signed)
        return Response(output, media_type="application/octet-stream")

    @app.post("/jobs/{job}/transcript", openapi_extra=_body("application/json", _OPENING_SCHEMA))
    async def post_transcript(request: Request, job: _JobPath, salt: _SaltHeader) -> Response:
        asked = _parse(OpeningAsked, await _read(request, _SET_BYTES))
        id_, salt_ = JobId(_bytes(job)), _bytes(salt)
        return _json(await run_in_threadpool(service.opening, id_, salt_, asked))

    @app.post("/jobs/{job}/tokens", openapi_extra=_body("application/json", _TOKENS_SCHEMA))
    async def post_tokens(
        request: Request,
        job: _JobPath,
        salt: _SaltHeader,
        signature: _SignatureHeader = None,
    ) -> Response:
        asked = _parse(TokensAsked, await _read(request, _SET_BYTES))
        id_, salt_ = JobId(_bytes(job)), _bytes(salt)
        await run_in_threadpool(service.admit_reader, id_, salt_, _signature(signature))
        end = asyncio.get_running_loop().time() + _NEWS_S
        while True:
            given = await run_in_threadpool(service.tokens, id_, asked)
            late = asyncio.get_running_loop().time() >= end
            if given.over or late or any(given.tokens) or await request.is_disconnected():
                return _json(given)
            await asyncio.sleep(_LOOK_S)

    return app


# --- reading -------------------------------------------------------------------------------------


def _require_length(request: Request, limit: int) -> None:
    """Refuses by the declared length, before anything of the body is read."""
    declared = request.headers.get("content-length")
    if declared is None:
        return
    if not declared.isascii() or not declared.isdigit():
        raise RefusedError("malformed", "Content-Length is not a number")
    if len(declared) > 19 or int(declared) > limit:
        raise RefusedError("oversized", f"the body has {declared} bytes, {limit} are allowed")


async def _read(request: Request, limit: int) -> bytes:
    """The body, never more than `limit` bytes of it in memory, whatever its declared length."""
    _require_length(request, limit)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.stream():
                if len(body) + len(chunk) > limit:
                    raise RefusedError("oversized", f"the body has more than {limit} bytes")
                body += chunk
    except TimeoutError:
        raise RefusedError("malformed", f"the body did not arrive in {_BODY_S} s") from None
    return bytes(body)


def _parse(kind: type[M], body: bytes) -> M:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise RefusedError("malformed", _first_problem(error.errors())) from None


def _signature(header: str | None) -> bytes:
    if header is None:
        raise RefusedError("unsigned", f"the header {SIGNATURE_HEADER} is missing")
    if not header.startswith("0x") or len(header) > 2 + 2 * _MOST_SIGNATURE_BYTES:
        raise RefusedError("malformed", f"{SIGNATURE_HEADER} is not 0x-prefixed hex of 65 bytes")
    try:
        return _bytes(header)
    except ValueError:
        raise RefusedError("malformed", f"{SIGNATURE_HEADER} is not hex") from None


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


# --- answering -----------------------------------------------------------------------------------


def _json(message: BaseModel, status: int = 200) -> Response:
    return Response(message.model_dump_json(), status, media_type="application/json")


def _refuse(rule: str, message: str) -> Response:
    answer = _json(RefusalEnvelope(error=Refusal(rule=rule, message=message)), STATUS[rule])
    if rule == "oversized":
        # The rest of the body is not worth reading.
        answer.headers["Connection"] = "close"
    return answer


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> Response:
        return _refuse(error.rule, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return _refuse("malformed", _first_problem(error.errors()))

    @app.exception_handler(HTTPException)
    async def no_such_path(_: Request, error: HTTPException) -> Response:
        rule = "unknown_path" if error.status_code == 404 else "malformed"
        return _refuse(rule, str(error.detail))

    async def no_chain(request: Request, error: Exception) -> Response:
        log("chain trouble", logging.WARNING, path=request.url.path, error=str(error))
        return _refuse("busy", "the node cannot reach its chain at the moment: try again")

    for kind in (ChainError, RequestException, Web3Exception):
        app.add_exception_handler(kind, no_chain)

    @app.exception_handler(StoreError)
    async def no_disk(request: Request, error: StoreError) -> Response:
        log("store trouble", logging.ERROR, path=request.url.path, error=str(error))
        return _refuse("busy", "the node cannot write to its disk at the moment: try again")

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        log("request failed", logging.ERROR, path=request.url.path, error=type(error).__name__)
        return _refuse("internal", "the node failed on this request; its log tells more")


def _first_problem(errors: Sequence[Mapping[str, object]]) -> str:
    """Where and what, without the input itself, which may be a secret or long."""
    if not errors:
        return "the request is malformed"
    where = errors[0].get("loc", ())
    place = ".".join(map(str, where)) if isinstance(where, tuple) else ""
    return f"{place}: {errors[0].get('msg')}".lstrip(": ")
