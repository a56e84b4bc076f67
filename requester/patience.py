"""What may fail for a moment, and how to try it again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from requests.exceptions import RequestException
from web3.exceptions import Web3Exception

from touchstone.errors import ChainError, ResultUnavailableError, TransactionReverted

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TRANSIENT = (RequestException, Web3Exception, ChainError, ResultUnavailableError)
"""What an RPC endpoint throws on a bad day. A revert is a `ChainError` too, and no bad day."""


def backoff(attempt: int, least: float = 0.25, most: float = 10.0) -> float:
    """Seconds to wait after failure number `attempt`, counted from 0."""
    return min(most, least * 2.0 ** min(attempt, 30))


def persistently(call: Callable[[], T], *, patience_s: float) -> T:
    """What `call` returns, tried again for about `patience_s` seconds while it fails in transit.

    Raises what `call` raised last, and at once a `TransactionReverted`.
    """
    end = time.monotonic() + patience_s
    attempt = 0
    while True:
        try:
            return call()
        except TRANSIENT as error:
            pause = backoff(attempt)
            if isinstance(error, TransactionReverted) or time.monotonic() + pause > end:
                raise
        time.sleep(pause)
        attempt += 1
