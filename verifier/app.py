"""The verifier's HTTP interface: see docs/protocol.md."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from touchstone.coordination.messages import SALT_HEADER, SIGNATURE_HEADER
from touchstone.errors import UnpaidInputError
from touchstone.protocol.claims import delivery_struct_hash
from touchstone.protocol.eip712 import is_signed_by
from touchstone.protocol.ids import JobId
from touchstone.protocol.inputs import input_size_limit, require_input
from verifier.store import NO_RESULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from touchstone.protocol.ids import ModelId
    from verifier.duties import Watch
    from verifier.store import SeenJob

BODY_TIMEOUT_S = 30
"""Seconds that the bytes of an input may take, all together."""


class Refused(Exception):  # noqa: N818 (it is what happened)
    """A request is refused, by a rule of the protocol."""

    def __init__(self, status: int, rule: str, message: str) -> None:
        super().__init__(message)
        self.status, self.rule = status, rule


def make_app(
    watch: Watch,
    health: Callable[[], dict[str, Any]],
    audited: AbstractSet[ModelId],
    body_timeout_s: float = BODY_TIMEOUT_S,
) -> FastAPI:
    """The application. Whatever it is given is checked against the order on chain.

    Args:
        watch: the view of the chain.
        health: tells how the service is.
        audited: the models that it re-executes; inputs of others are not taken.
        body_timeout_s: seconds that the bytes of an input may take.
    """
    app = FastAPI(title="Touchstone verifier", docs_url=None, redoc_url=None)

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
            "input": watch.store.has_input(job_id),
            "deeds": watch.store.deeds(job_id),
            "audit": watch.store.audit(job_id),
            "dispute": watch.store.dispute(job_id),
        }

    @app.get("/audits")
    def get_audits() -> list[dict[str, Any]]:
        return watch.store.audits()

    @app.put("/jobs/{job}/input")
    async def put_input(job: str, request: Request) -> JSONResponse:
        job_id = _job_id(job)
        salt, signature = _header(request, SALT_HEADER, 32), _header(request, SIGNATURE_HEADER, 65)
        # Nothing of the body is read before it is clear that the job's requester sends it.
        seen = await run_in_threadpool(_admit, watch, job_id, salt, signature, audited)
        model = await run_in_threadpool(watch.published, seen.order.model)
        most = input_size_limit(seen.order, model.unit_rows)
        payload = await _body(request, most, body_timeout_s)
        new = await run_in_threadpool(_take_input, watch, seen, payload, salt)
        return JSONResponse({"state": "waiting"}, 202 if new else 200)

    return app


def _admit(
    watch: Watch, job: JobId, salt: bytes, signature: bytes, audited: AbstractSet[ModelId]
) -> SeenJob:
    """The job that an input is for, where it may be audited and its requester signed."""
    if not audited:
        raise Refused(409, "not_audited", "this verifier re-executes nothing")
    seen = watch.find(job)
    if seen is None:
        raise Refused(404, "unknown_job", "this market has opened no such job")
    digest = watch.market.domain.digest(delivery_struct_hash(job, salt))
    if not is_signed_by(digest, signature, seen.order.requester):
        raise Refused(401, "unsigned", "the delivery is not signed by the requester")
    if seen.order.model not in audited:
        raise Refused(409, "not_audited", "this verifier does not re-execute the job's model")
    if seen.phase == NO_RESULT:
        raise Refused(409, "unfunded", "the job has ended without a result")
    return seen


def _take_input(watch: Watch, job: SeenJob, payload: bytes, salt: bytes) -> bool:
    order = job.order
    root = watch.market.job(order).input_root if order.deferred else order.input_root
    if not any(root):
        raise Refused(409, "not_ready", "the job's input is not fixed on chain yet")
    try:
        require_input(root, payload, salt)
    except UnpaidInputError as error:
        raise Refused(422, error.rule, str(error)) from error
    return watch.store.keep_input(job.id, payload, salt)


async def _body(request: Request, most: int, timeout_s: float) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise Refused(413, "oversized", f"the job's input has at most {most} bytes")
    except TimeoutError:
        raise Refused(408, "too_slow", f"the input took more than {timeout_s:g} s") from None
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
