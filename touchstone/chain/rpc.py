"""One way to reach a chain."""

from __future__ import annotations

from urllib.parse import urlsplit

from requests.exceptions import RequestException
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception

from touchstone.errors import RpcUnreachableError, WrongChainError

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30


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
        raise RpcUnreachableError(f"{shown} is not an http or https address")
    w3 = Web3(HTTPProvider(url, request_kwargs={"timeout": (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)}))
    try:
        chain_id = w3.eth.chain_id
    except (RequestException, Web3Exception, ValueError) as error:
        raise RpcUnreachableError(
            f"no chain answers at {shown} ({type(error).__name__}): "
            "start one with `touchstone devnet up`, or set TOUCHSTONE_RPC_URL"
        ) from error
    if expected_chain_id is not None and chain_id != expected_chain_id:
        raise WrongChainError(f"{shown} serves chain {chain_id}, not chain {expected_chain_id}")
    return w3


def _without_secrets(url: str) -> str:
    """Scheme and host only: endpoints often carry an API key in their path or user part."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}"
