"""One way to reach a chain."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from requests import Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import HTTPError, RequestException, Timeout
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception
from web3.providers.rpc.utils import REQUEST_RETRY_ALLOWLIST, ExceptionRetryConfiguration
from web3.types import RPCEndpoint

from touchstone.errors import ChainError, LaggingRpcError, RpcUnreachableError, WrongChainError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from web3.types import RPCResponse

    Request = tuple[str, list[Any]]
    """A method of the JSON-RPC and its parameters."""

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
KEPT_CONNECTIONS = 32
"""Connections kept open for the next request; a crowd of threads may have more."""
LAG_PATIENCE_S = 20.0
"""How long an endpoint may be behind what it has shown before, until that is an error."""
_LAG_POLL_S = 0.25
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_RETRIES = ExceptionRetryConfiguration(
    errors=(NoConnection, HTTPError, Timeout),
    retries=3,
    backoff_factor=0.1,
    # Were web3 to repeat a broadcast by itself, the "nonce too low" would look like a refusal.
    method_allowlist=[m for m in REQUEST_RETRY_ALLOWLIST if m != "eth_sendRawTransaction"],
)


class _Provider(HTTPProvider):
    """Raises our own exception, which callers handle, where no answer comes.

    Many endpoints are several nodes behind one address. Where one of them is behind what another
    has shown, the newest block is asked for again until it is not older than before. Where the
    address begins to serve another chain, whatever asks for the chain's number is told so.
    """

    _newest = -1
    _chain_id: int | None = None

    def believe(self, newest: int) -> None:
        """Takes `newest` for the newest block that was shown: later ones were another chain's."""
        self._newest = min(self._newest, newest)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        ask = super().make_request
        return self._caught_up([(method, params)], lambda: [ask(method, params)])[0]

    def make_batch_request(
        self, batch_requests: list[tuple[RPCEndpoint, Any]]
    ) -> list[RPCResponse] | RPCResponse:
        ask = super().make_batch_request

        def batch() -> list[RPCResponse]:
            answers = ask(batch_requests)
            return answers if isinstance(answers, list) else [answers]

        return self._caught_up(batch_requests, batch)

    def _caught_up(
        self, requests: Sequence[tuple[str, Any]], ask: Callable[[], list[RPCResponse]]
    ) -> list[RPCResponse]:
        deadline = time.monotonic() + LAG_PATIENCE_S
        # Seen before asking: what other threads see meanwhile makes this answer no older.
        seen = self._newest
        while True:
            try:
                answers = ask()
            except RequestException as error:
                raise RpcUnreachableError(
                    f"no chain answers at {self._shown} ({type(error).__name__}): "
                    "start one with `touchstone devnet up`, or set TOUCHSTONE_RPC_URL"
                ) from error
            self._require_same_chain(requests, answers)
            heads = _heads(requests, answers)
            if not heads or min(heads) >= seen:
                self._newest = max(self._newest, *heads, seen)
                return answers
            if time.monotonic() > deadline:
                raise LaggingRpcError(
                    f"{self._shown} is at block {min(heads)} although it has shown block {seen}: "
                    "wait until it has caught up, or use another endpoint"
                )
            time.sleep(_LAG_POLL_S)

    def _require_same_chain(
        self, requests: Sequence[tuple[str, Any]], answers: list[RPCResponse]
    ) -> None:
        for (method, _), answer in zip(requests, answers, strict=False):
            result = answer.get("result")
            if method != "eth_chainId" or not isinstance(result, str):
                continue
            found = int(result, 16)
            if self._chain_id not in (None, found):
                raise WrongChainError(
                    f"{self._shown} now serves chain {found}, not chain {self._chain_id} as before"
                )
            self._chain_id = found

    @property
    def _shown(self) -> str:
        return _without_secrets(str(self.endpoint_uri))


def _heads(requests: Sequence[tuple[str, Any]], answers: list[RPCResponse]) -> list[int]:
    """The numbers of the newest block, as these answers have it."""
    found = []
    for (method, params), answer in zip(requests, answers, strict=False):
        result: Any = answer.get("result")
        if method == "eth_getBlockByNumber" and params[0] == "latest" and result:
            result = result.get("number")
        elif method != "eth_blockNumber":
            continue
        if isinstance(result, str):
            found.append(int(result, 16))
    return found


def _session(url: str) -> Session:
    """Connections for all threads; by itself web3 would keep one for each that ever asked."""
    session, adapter = Session(), HTTPAdapter(pool_connections=1, pool_maxsize=KEPT_CONNECTIONS)
    # No proxy stands before this machine; looking for one takes a quarter of a short request.
    session.trust_env = urlsplit(url).hostname not in _LOOPBACK
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def connect(url: str, expected_chain_id: int | None = None) -> Web3:
    """A connection that has answered once. It may be used from several threads.

    Args:
        url: an HTTP or HTTPS JSON-RPC endpoint.
        expected_chain_id: refuse to talk to any other chain.

    Raises:
        RpcUnreachableError: nothing there speaks Ethereum's JSON-RPC.
        WrongChainError: it serves another chain.
    """
    shown = _without_secrets(url)
    if urlsplit(url).scheme not in {"http", "https"}:
        raise RpcUnreachableError(
            f"{shown if '://' in url else repr(url)} is not an http or https address: write it "
            "like http://127.0.0.1:8545"
        )
    w3 = Web3(
        _Provider(
            url,
            {"timeout": (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)},
            session=_session(url),
            exception_retry_configuration=_RETRIES,
        )
    )
    try:
        chain_id = w3.eth.chain_id
    except (Web3Exception, ValueError) as error:
        raise RpcUnreachableError(f"what answers at {shown} is no chain: {error}") from error
    if expected_chain_id is not None and chain_id != expected_chain_id:
        raise WrongChainError(f"{shown} serves chain {chain_id}, not chain {expected_chain_id}")
    return w3


def ask_together(w3: Web3, requests: Sequence[Request]) -> list[RPCResponse]:
    """The node's answers to several reads, in one round trip where it takes batches.

    They are raw: results as in the JSON-RPC, and errors not raised.

    Raises:
        RpcUnreachableError: no answer comes.
        LaggingRpcError: the node is behind what it has shown before, for long.
    """
    provider = cast("HTTPProvider", w3.provider)
    batch = [(RPCEndpoint(method), params) for method, params in requests]
    try:
        answers = provider.make_batch_request(batch)
    except RpcUnreachableError:
        answers = []
    # Some endpoints refuse batches, as a whole or with an HTTP status.
    if not isinstance(answers, list) or len(answers) != len(batch):
        answers = [provider.make_request(method, params) for method, params in batch]
    return answers


def result_of(answer: RPCResponse) -> Any:
    """The result in a raw answer. Raises ChainError where it is an error."""
    if "error" in answer:
        raise ChainError(f"the node refuses: {error_message(answer)}")
    return answer["result"]


def error_message(answer: RPCResponse) -> str:
    """What the error in a raw answer says."""
    error: Any = answer.get("error")
    return str(error.get("message")) if isinstance(error, dict) else str(error)


def _without_secrets(url: str) -> str:
    """Scheme and host only: endpoints often carry an API key in their path or user part."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}"
