"""The verifier's HTTP interface: see docs/protocol.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from touchstone.coordination.messages import SALT_HEADER, SIGNATURE_HEADER
from touchstone.errors import ProtocolError
from touchstone.protocol.claims import delivery_struct_hash
from touchstone.protocol.eip712 import Signature, recover
from touchstone.protocol.ids import JobId
from touchstone.protocol.payload import MAX_PAYLOAD_BYTES, decode_payload, payload_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from touchstone.protocol.orders import Order
    from verifier.duties import Watch


class Refused(Exception):  # noqa: N818 (it is what happened)
    """A request is refused, by a rule of the protocol."""

    def __init__(self, status: int, rule: str, message: str) -> None:
        super().__init__(message)
        self.status, self.rule = status, rule


def make_app(watch: Watch, health: Callable[[], dict[str, Any]]) -> FastAPI:
    """The application. Whatever it is given is checked against the order on chain."""
    app = FastAPI(title="Touchstone verifier", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(Refused)
    def refuse(_: Request, refused: Refused) -> JSONResponse:
        error = {"rule": refused.rule, "message": str(refused)}
        return JSONResponse({"error": error}, refused.status)

    @app.get("/health")
    def get_health() -> JSONResponse:
        found = health()
        return JSONResponse(found, 200 if found["ready"] else 503)

    @app.get("/jobs/{job}")
    def get_job(job: str) -> dict[str, Any]:
        job_id = _job_id(job)
        seen = watch.store.job(job_id)
        if seen is None:
            raise Refused(404, "unknown_job", "this market has opened no such job yet")
        return {
            "state": seen.phase.lower(),
            "done": seen.done,
            "opened_block": seen.opened_block,
            "input": watch.store.input(job_id) is not None,
            "deeds": watch.store.deeds(job_id),
            "audit": watch.store.audit(job_id),
        }

    @app.get("/audits")
    def get_audits() -> list[dict[str, Any]]:
        return watch.store.audits()

    @app.put("/jobs/{job}/input")
    async def put_input(job: str, request: Request) -> JSONResponse:
        job_id = _job_id(job)
        salt, signature = _header(request, SALT_HEADER, 32), _header(request, SIGNATURE_HEADER, 65)
        payload = await _body(request)
        new = await run_in_threadpool(_take_input, watch, job_id, payload, salt, signature)
        return JSONResponse({"state": "waiting"}, 202 if new else 200)

    return app


def _take_input(watch: Watch, job: JobId, payload: bytes, salt: bytes, signature: bytes) -> bool:
    order = _order_of(watch, job)
    if payload_root(payload, salt) != order.input_root:
        raise Refused(422, "wrong_input", "the input does not have the order's root")
    digest = watch.market.domain.digest(delivery_struct_hash(job, salt))
    parity = (signature[64] - 27) & 1
    compact = Signature(signature[:32], bytes([signature[32] | parity << 7]) + signature[33:64])
    try:
        signer = recover(digest, compact)
        decode_payload(payload)
    except ProtocolError as error:
        raise Refused(422, "malformed", str(error)) from error
    if signer != order.requester:
        raise Refused(401, "unsigned", "the delivery is not signed by the requester")
    return watch.store.keep_input(job, payload, salt)


def _order_of(watch: Watch, job: JobId) -> Order:
    seen = watch.store.job(job)
    if seen is None:
        # It may have been opened a moment ago.
        watch.reconcile()
        seen = watch.store.job(job)
    if seen is None:
        raise Refused(404, "unknown_job", "this market has opened no such job")
    return seen.order


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_PAYLOAD_BYTES:
            raise Refused(413, "oversized", f"an input has at most {MAX_PAYLOAD_BYTES} bytes")
    return bytes(body)


def _job_id(text: str) -> JobId:
    return JobId(_hex(text, 32, "the job's id"))


def _header(request: Request, name: str, size: int) -> bytes:
    return _hex(request.headers.get(name, ""), size, f"the header {name}")


def _hex(text: str, size: int, what: str) -> bytes:
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) != size or not text.startswith("0x"):
        raise Refused(422, "malformed", f"{what} must be {size} bytes as 0x-prefixed hex")
    return data
