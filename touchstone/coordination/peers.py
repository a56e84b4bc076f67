"""Talks to provider nodes over HTTP."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import httpx
from pydantic import ValidationError

from touchstone.coordination.messages import (
    SALT_HEADER,
    SIGNATURE_HEADER,
    ClaimMessage,
    CommitSet,
    JobStatus,
    RefusalEnvelope,
)
from touchstone.errors import PeerError, PeerRefusedError
from touchstone.protocol.payload import MAX_PAYLOAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from touchstone.protocol.ids import JobId

M = TypeVar("M", JobStatus, ClaimMessage)

_making = Lock()
_MAX_ANSWER_BYTES = 64 << 10
_TIMEOUT = httpx.Timeout(10, connect=2)


@cache
def _make_client() -> httpx.Client:
    # An endpoint is a stranger's word: it may not send us on to some other place.
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=False)


def _shared_client() -> httpx.Client:
    """One pool of connections for all peers of this process."""
    with _making:  # The cache alone would let two threads make one each, and leak a socket.
        return _make_client()


class Peer:
    """One provider node (or verifier), at its endpoint. Safe to use from threads."""

    def __init__(self, endpoint: str, client: httpx.Client | None = None) -> None:
        """Binds the endpoint.

        Raises:
            PeerError: it is not an http or https address.
        """
        if not endpoint.startswith(("http://", "https://")):
            raise PeerError(f"the endpoint {endpoint!r} is not an http or https address")
        self.endpoint = endpoint.rstrip("/")
        self._client = client or _shared_client()

    def deliver(self, job: JobId, payload: bytes, salt: bytes, signature: bytes) -> str:
        """Hands over the input and returns the job's state there. Harmless if repeated."""
        headers = {
            SALT_HEADER: "0x" + salt.hex(),
            SIGNATURE_HEADER: "0x" + signature.hex(),
            "Content-Type": "application/octet-stream",
        }
        body = self._call("PUT", f"/jobs/0x{job.hex()}/input", content=payload, headers=headers)
        return self._parse(JobStatus, body).state

    def status(self, job: JobId) -> JobStatus:
        """What the node says of the job."""
        return self._parse(JobStatus, self._call("GET", f"/jobs/0x{job.hex()}"))

    def reveal(self, job: JobId, commits: CommitSet) -> ClaimMessage:
        """Shows the full set of commitments and returns the node's signed claim."""
        body = self._call(
            "POST",
            f"/jobs/0x{job.hex()}/set",
            content=commits.model_dump_json().encode(),
            headers={"Content-Type": "application/json"},
        )
        return self._parse(ClaimMessage, body)

    def output(self, job: JobId, salt: bytes) -> bytes:
        """The output payload, unchecked."""
        return self._call(
            "GET",
            f"/jobs/0x{job.hex()}/output",
            headers={SALT_HEADER: "0x" + salt.hex()},
            limit=MAX_PAYLOAD_BYTES,
        )

    def _call(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = _MAX_ANSWER_BYTES,
    ) -> bytes:
        """The body of a good answer, never more than `limit` bytes of it in memory.

        Raises:
            PeerRefusedError: the node says no, and why.
            PeerError: no answer, or none that can be used.
        """
        try:
            with self._client.stream(
                method, self.endpoint + path, content=content, headers=headers
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > limit:
                        raise PeerError(f"{self.endpoint} answers with more than {limit} bytes")
                status = answer.status_code
        except httpx.HTTPError as error:
            raise PeerError(f"{self.endpoint} does not answer ({type(error).__name__})") from error
        if status < 300:
            return bytes(body)
        try:
            refusal = RefusalEnvelope.model_validate_json(bytes(body)).error
        except ValidationError as error:
            raise PeerError(f"{self.endpoint} answers with status {status}") from error
        raise PeerRefusedError(self.endpoint, refusal.rule, refusal.message)

    def _parse(self, kind: type[M], body: bytes) -> M:
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            raise PeerError(f"{self.endpoint} answers with something else: {error}") from error
