"""Talks to provider nodes over HTTP."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import httpx
from pydantic import ValidationError

from touchstone.coordination.asking import no_cookies, request_to
from touchstone.coordination.endpoints import parse_endpoint
from touchstone.coordination.messages import (
    SALT_HEADER,
    SIGNATURE_HEADER,
    ClaimMessage,
    CommitSet,
    DraftAsked,
    DraftGiven,
    InputSource,
    JobStatus,
    OpeningAsked,
    OpeningGiven,
    RefusalEnvelope,
    TokensAsked,
    TokensGiven,
)
from touchstone.errors import PeerError, PeerRefusedError
from touchstone.protocol.payload import MAX_PAYLOAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eth_typing import ChecksumAddress

    from touchstone.chain.stake import Vault
    from touchstone.disputes.game import TreeNode
    from touchstone.protocol.ids import JobId

M = TypeVar("M", JobStatus, ClaimMessage, DraftGiven, OpeningGiven, TokensGiven)

_making = Lock()
_MAX_ANSWER_BYTES = 64 << 10
_TIMEOUT = httpx.Timeout(10, connect=2)
_WHOLE_CALL_S = 60


@cache
def _make_client() -> httpx.Client:
    # A stranger may not send us on to some other place, nor have us keep its cookies.
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=False, cookies=no_cookies())


def _shared_client() -> httpx.Client:
    """One pool of connections for all peers of this process."""
    with _making:  # The cache alone would let two threads make one each, and leak a socket.
        return _make_client()


class Peer:
    """One provider node (or verifier), at its endpoint. Safe to use from threads."""

    def __init__(self, endpoint: str, *, private: bool = False) -> None:
        """Binds the endpoint.

        Args:
            endpoint: an http or https address.
            private: whether it may lead to an address that is not public: for development chains,
                and for endpoints that the user has typed.

        Raises:
            PeerError: it is not an http or https address.
        """
        self._endpoint = parse_endpoint(endpoint)
        self.endpoint = self._endpoint.url
        self._private = private
        self._client = _shared_client()

    def deliver(self, job: JobId, payload: bytes, salt: bytes, signature: bytes) -> str:
        """Hands over the input and returns the job's state there. Harmless if repeated."""
        headers = _signed(salt, signature, "application/octet-stream")
        body = self._call("PUT", f"/jobs/0x{job.hex()}/input", content=payload, headers=headers)
        return self._parse(JobStatus, body).state

    def deliver_from(
        self,
        job: JobId,
        salt: bytes,
        signature: bytes,
        source: JobId,
        providers: Sequence[ChecksumAddress],
    ) -> str:
        """Has the node fetch its input: the output of job `source`, from these providers. Returns
        the job's state there. Harmless if repeated."""
        asked = InputSource(job=source, providers=list(providers))
        body = self._call(
            "POST",
            f"/jobs/0x{job.hex()}/input-source",
            content=asked.model_dump_json().encode(),
            headers=_signed(salt, signature, "application/json"),
        )
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

    def output(self, job: JobId, salt: bytes, signature: bytes | None = None) -> bytes:
        """The output payload, unchecked. `signature` is the requester's, see `sign_delivery`: only
        it is told while an audit goes on."""
        signed = {} if signature is None else {SIGNATURE_HEADER: "0x" + signature.hex()}
        return self._call(
            "GET",
            f"/jobs/0x{job.hex()}/output",
            headers={SALT_HEADER: "0x" + salt.hex(), **signed},
            limit=MAX_PAYLOAD_BYTES,
        )

    def tokens(
        self, job: JobId, salt: bytes, signature: bytes, have: Sequence[int]
    ) -> tuple[list[list[int]], bool]:
        """What a language model has written there since, unchecked, and whether that is all;
        waits a while for something new. For the requester, who has signed the delivery."""
        body = self._call(
            "POST",
            f"/jobs/0x{job.hex()}/tokens",
            content=TokensAsked(have=list(have)).model_dump_json().encode(),
            headers=_signed(salt, signature, "application/json"),
            limit=MAX_PAYLOAD_BYTES,
        )
        given = self._parse(TokensGiven, body)
        if len(given.tokens) != len(have):
            raise PeerError(
                f"{self.endpoint} tells of {len(given.tokens)} prompts, the job has {len(have)}"
            )
        return given.tokens, given.over

    def draft(
        self, job: JobId, salt: bytes, signature: bytes, asked: DraftAsked, limit: int
    ) -> bytes:
        """What the last shard of a draft puts out for the next rows, unchecked: `limit` bytes at
        most. For the requester, who has signed the delivery, and for the node before this one."""
        body = self._call(
            "POST",
            f"/jobs/0x{job.hex()}/draft",
            content=asked.model_dump_json().encode(),
            headers=_signed(salt, signature, "application/json"),
            limit=_MAX_ANSWER_BYTES + 2 * limit,
        )
        rows = self._parse(DraftGiven, body).rows
        if len(rows) > limit:
            raise PeerError(f"{self.endpoint} gives {len(rows)} bytes, {limit} were asked for")
        return rows

    def audit_input(self, job: JobId, signature: bytes) -> tuple[bytes, bytes]:
        """The input's payload and salt, unchecked, for the job's auditor, whose signature it is."""
        body = self._call(
            "GET",
            f"/jobs/0x{job.hex()}/input",
            headers={SIGNATURE_HEADER: "0x" + signature.hex()},
            limit=MAX_PAYLOAD_BYTES,
        )
        if len(body) < 32:
            raise PeerError(f"{self.endpoint} answers with {len(body)} bytes instead of an input")
        return body[32:], body[:32]

    def children(self, job: JobId, salt: bytes, node: TreeNode) -> list[bytes]:
        """The children of a node of the job's transcript there, unchecked."""
        return self._open(job, salt, node).children

    def chunk(self, job: JobId, salt: bytes, node: TreeNode) -> bytes:
        """A chunk of a value of the job's transcript there, unchecked."""
        return self._open(job, salt, node).chunk

    def _open(self, job: JobId, salt: bytes, node: TreeNode) -> OpeningGiven:
        asked = OpeningAsked(**asdict(node))
        body = self._call(
            "POST",
            f"/jobs/0x{job.hex()}/transcript",
            content=asked.model_dump_json().encode(),
            headers={SALT_HEADER: "0x" + salt.hex(), "Content-Type": "application/json"},
        )
        return self._parse(OpeningGiven, body)

    def _call(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = _MAX_ANSWER_BYTES,
    ) -> bytes:
        """The body of a good answer, not much more than `limit` bytes of it in memory.

        Raises:
            PeerRefusedError: the node says no, and why.
            PeerError: no answer, or none that can be used.
        """
        deadline = time.monotonic() + _WHOLE_CALL_S
        try:
            with closing(self._send(method, path, content, headers)) as answer:
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    # What unpacks to gigabytes is only kilobytes on the way.
                    raise PeerError(f"{self.endpoint} answers in a packed form")
                body = bytearray()
                for chunk in answer.iter_raw():
                    body += chunk
                    if len(body) > limit:
                        raise PeerError(f"{self.endpoint} answers with more than {limit} bytes")
                    if time.monotonic() > deadline:
                        raise PeerError(f"{self.endpoint} answers too slowly")
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise PeerError(f"{self.endpoint} does not answer ({type(error).__name__})") from error
        if status < 300:
            return bytes(body)
        try:
            refusal = RefusalEnvelope.model_validate_json(bytes(body)).error
        except ValidationError as error:
            raise PeerError(f"{self.endpoint} answers with status {status}") from error
        raise PeerRefusedError(self.endpoint, refusal.rule, refusal.message)

    def _send(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str] | None
    ) -> httpx.Response:
        endpoint = self._endpoint
        address = endpoint.address(private=self._private)
        request = request_to(
            self._client, endpoint, address, method, path, content=content, headers=headers
        )
        return self._client.send(request, stream=True)

    def _parse(self, kind: type[M], body: bytes) -> M:
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            raise PeerError(f"{self.endpoint} answers with something else: {error}") from error


def _signed(salt: bytes, signature: bytes, kind: str) -> dict[str, str]:
    """What stands before a body that only the requester may send."""
    return {
        SALT_HEADER: "0x" + salt.hex(),
        SIGNATURE_HEADER: "0x" + signature.hex(),
        "Content-Type": kind,
    }


def peer_of(vault: Vault, provider: ChecksumAddress) -> Peer:
    """The node of a provider, where the provider says that it is.

    Raises:
        PeerError: it has published no endpoint, or none that can be used.
    """
    endpoint = vault.endpoint_of(provider)
    if endpoint is None:
        raise PeerError(f"provider {provider} has published no endpoint")
    return Peer(endpoint, private=vault.development)
