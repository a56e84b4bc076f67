"""A provider node with nothing but the protocol in it: real HTTP, real signatures, any function as
its model. What it keeps is in memory, and it works when it is asked."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import uvicorn
from eth_account.signers.local import LocalAccount
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from touchstone.chain.market import Market
from touchstone.coordination.messages import ClaimMessage, CommitMessage, CommitSet, JobStatus
from touchstone.protocol.claims import (
    Claim,
    Commit,
    commitment_of,
    delivery_struct_hash,
    draw_of,
    set_of,
)
from touchstone.protocol.eip712 import Signature, recover
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import JobState, Phase
from touchstone.protocol.payload import decode_payload, encode_payload, payload_root

Model = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]


def doubled(batch: Sequence[np.ndarray]) -> list[np.ndarray]:
    """A model: every token, doubled."""
    return [(sequence * 2).astype(np.int32) for sequence in batch]


def wrong(batch: Sequence[np.ndarray]) -> list[np.ndarray]:
    """A model that lies in its last element."""
    outputs = doubled(batch)
    outputs[-1][-1] += 1
    return outputs


class Refused(Exception):  # noqa: N818
    def __init__(self, status: int, rule: str, message: str = "") -> None:
        self.status, self.rule, self.message = status, rule, message


@dataclass
class Work:
    payload: bytes
    salt: bytes
    output: bytes
    commits: dict[bytes, tuple[bytes, CommitMessage]] = field(default_factory=dict)
    claims: dict[bytes, ClaimMessage] = field(default_factory=dict)


class MinimalNode:
    """One node; `with MinimalNode(...) as node: node.url`."""

    def __init__(self, market: Market, account: LocalAccount, model: Model = doubled) -> None:
        self.market, self.account, self.model = market, account, model
        self.work: dict[JobId, Work] = {}
        self.lock = threading.Lock()
        self.withhold_claims = False
        self.corrupt_output = False

    def __enter__(self) -> MinimalNode:
        config = uvicorn.Config(
            self._app(), host="127.0.0.1", port=0, log_level="warning", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    # --- the protocol ----------------------------------------------------------------------------

    def deliver(self, job: JobId, payload: bytes, salt: bytes, signature: bytes) -> str:
        state = self._state(job)
        digest = self.market.domain.digest(delivery_struct_hash(job, salt))
        v = signature[64] - 27
        compact = Signature(signature[:32], bytes([signature[32] | v << 7]) + signature[33:64])
        if recover(digest, compact) != state.order.requester:
            raise Refused(401, "unsigned")
        if payload_root(payload, salt) != state.input_root:
            raise Refused(422, "wrong_input")
        with self.lock:
            if job not in self.work:
                output = encode_payload(self.model(decode_payload(payload)))
                self.work[job] = Work(payload, salt, output)
        return "committed"

    def status(self, job: JobId) -> JobStatus:
        state = self._state(job)
        work = self.work.get(job)
        if work is None:
            return JobStatus(state="waiting")
        if state.phase is not Phase.DRAWN:
            return JobStatus(state="ended")
        draw = draw_of(state.seed, state.round)
        with self.lock:
            if draw not in work.commits:
                salt = secrets.token_bytes(32)
                root = payload_root(work.output, work.salt)
                commitment = commitment_of(job, draw, self.account.address, root, salt)
                signature = Commit(job, draw, commitment).sign(self.market.domain, self.account)
                message = CommitMessage(commitment=commitment, signature=signature.to_bytes())
                work.commits[draw] = (salt, message)
        return JobStatus(
            state="committed", draw=draw, round=state.round, commit=work.commits[draw][1]
        )

    def claim(self, job: JobId, commits: CommitSet) -> ClaimMessage:
        state = self._state(job)
        work = self.work.get(job)
        if work is None or commits.draw not in work.commits or self.withhold_claims:
            raise Refused(409, "not_ready")
        salt, _ = work.commits[commits.draw]
        set_ = set_of([commit.commitment for commit in commits.commits])
        root = payload_root(work.output, work.salt)
        claim = Claim.of(state, commits.draw, root, set_, salt)
        signature = claim.sign(self.market.domain, self.account).to_bytes()
        message = ClaimMessage(output_root=root, set=set_, salt=salt, signature=signature)
        return work.claims.setdefault(commits.draw, message)

    def output(self, job: JobId) -> bytes:
        work = self.work.get(job)
        if work is None or not work.claims:
            raise Refused(409, "not_ready")
        return work.output[:-1] + b"\x7f" if self.corrupt_output else work.output

    def _state(self, job: JobId) -> JobState:
        order = self.market.order_of(job)
        if order is None:
            raise Refused(404, "unknown_job")
        return self.market.job(order)

    # --- HTTP ------------------------------------------------------------------------------------

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.exception_handler(Refused)
        def refuse(_: Request, refused: Refused) -> JSONResponse:
            error = {"rule": refused.rule, "message": refused.message}
            return JSONResponse({"error": error}, refused.status)

        @app.put("/jobs/{job}/input", status_code=202)
        async def put_input(job: str, request: Request) -> dict[str, str]:
            body = await request.body()
            salt, signature = (
                bytes.fromhex(request.headers[f"X-Touchstone-{name}"][2:])
                for name in ("Salt", "Signature")
            )
            return {"state": self.deliver(_job(job), body, salt, signature)}

        @app.get("/jobs/{job}")
        def get_job(job: str) -> JobStatus:
            return self.status(_job(job))

        @app.post("/jobs/{job}/set")
        def post_set(job: str, commits: CommitSet) -> ClaimMessage:
            return self.claim(_job(job), commits)

        @app.get("/jobs/{job}/output")
        def get_output(job: str) -> Response:
            return Response(self.output(_job(job)), media_type="application/octet-stream")

        return app


def _job(text: str) -> JobId:
    return JobId(bytes.fromhex(text[2:]))
