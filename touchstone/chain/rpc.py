"""One way to reach a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import HTTPError, RequestException, Timeout
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception
from web3.providers.rpc.utils import REQUEST_RETRY_ALLOWLIST, ExceptionRetryConfiguration

from touchstone.errors import RpcUnreachableError, WrongChainError

if TYPE_CHECKING:
    from web3.types import RPCEndpoint, RPCResponse

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
_RETRIES = ExceptionRetryConfiguration(
    errors=(NoConnection, HTTPError, Timeout),
    retries=3,
    backoff_factor=0.1,
    # Were web3 to repeat a broadcast by itself, the "nonce too low" would look like a refusal.
    method_allowlist=[m for m in REQUEST_RETRY_ALLOWLIST if m != "eth_sendRawTransaction"],
)


class _Provider(HTTPProvider):
    """Raises our own exception, which callers handle, where no answer comes."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        try:
            return super().make_request(method, params)
        except RequestException as error:
            where = _without_secrets(str(self.endpoint_uri))
            raise RpcUnreachableError(
                f"no chain answers at {where} ({type(error).__name__}): "
                "start one with `touchstone devnet up`, or set TOUCHSTONE_RPC_URL"
            ) from error


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
    timeouts = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
    w3 = Web3(_Provider(url, {"timeout": timeouts}, exception_retry_configuration=_RETRIES))
    try:
        chain_id = w3.eth.chain_id
    except (Web3Exception, ValueError) as error:
        raise RpcUnreachableError(f"what answers at {shown} is no chain: {error}") from error
    if expected_chain_id is not None and chain_id != expected_chain_id:
        raise WrongChainError(f"{shown} serves chain {chain_id}, not chain {expected_chain_id}")
    return w3


def _without_secrets(url: str) -> str:
    """Scheme and host only: endpoints often carry an API key in their path or user part."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}"
