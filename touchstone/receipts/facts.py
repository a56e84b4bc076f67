"""What the chain says about a job's transactions: read by `build`, and asked again by `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.exceptions import Web3Exception
from web3.logs import DISCARD
from web3.types import RPCEndpoint

from touchstone.chain.market import Reveal
from touchstone.errors import ReceiptError
from touchstone.protocol.claims import commitment_of, set_of
from touchstone.protocol.eip712 import Signature
from touchstone.receipts.receipt import ClaimFacts, Event, Opening, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eth_typing import ChecksumAddress
    from web3.types import EventData

    from touchstone.chain.market import Market
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import JobState
    from touchstone.protocol.orders import Order
    from touchstone.receipts.replay import Replay

_LEFT_OUT = {"job", "order"}


def place_of(event: EventData) -> Place:
    """Where an event stands."""
    return Place(
        block=event["blockNumber"],
        block_hash=bytes(event["blockHash"]),
        transaction=bytes(event["transactionHash"]),
        log_index=event["logIndex"],
    )


def event_of(event: EventData) -> Event:
    """A market's event as receipts have it."""
    args = {k: _value(v) for k, v in event["args"].items() if k not in _LEFT_OUT}
    return Event(event=event["event"], args=args, **place_of(event).model_dump())


def find_event(contract: Any, name: str, place: Place) -> EventData:
    """The event of that name at that place, emitted by that contract.

    Raises:
        ReceiptError: there is none.
    """
    what = f"{name} in transaction 0x{place.transaction.hex()}"
    try:
        receipt = contract.w3.eth.get_transaction_receipt(HexBytes(place.transaction))
        found = contract.events[name]().process_receipt(receipt, errors=DISCARD)
    except (Web3Exception, ValueError) as error:
        raise ReceiptError(f"{what}: {error}") from error
    for event in found:
        if event["logIndex"] == place.log_index and event["address"] == contract.address:
            return event  # type: ignore[no-any-return]
    raise ReceiptError(f"{what}: the chain has no such event at index {place.log_index}")


def read_opening(market: Market, place: Place, order: Order) -> Opening:
    """Who opened the job, and the signature that was brought."""
    transaction = market.w3.eth.get_transaction(HexBytes(place.transaction))
    signature = _opening_signature(_decode(market, transaction), order)
    return Opening(
        sender=transaction["from"], signature="0x" + bytes(signature).hex() if signature else None
    )


def _opening_signature(called: Mapping[str, Any], order: Order) -> bytes | None:
    """The signature that a decoded `open`, `openWithPermit` or `openMany` brought for the order."""
    if _same_order(called.get("order"), order):
        return called.get("signature")
    for given, signature in zip(
        called.get("orders", ()), called.get("signatures", ()), strict=False
    ):
        if _same_order(given, order):
            return bytes(signature)
    return None


def read_reveals(market: Market, order: Order, transaction: str) -> tuple[Reveal, ...]:
    """The reveals that settled the order in a transaction; none where they cannot be found.

    Where the market was called by another contract, the transaction is traced, if the node can.
    """
    for called in _calls(market, transaction):
        for _, reveals in _signed_rounds(called, order):
            return tuple(
                Reveal(bytes(salt), Signature(bytes(r), bytes(vs))) for salt, (r, vs) in reveals
            )
    return ()


def settling_reveals(
    market: Market, job: JobState, output_root: bytes, transaction: str
) -> Sequence[Reveal]:
    """What shows the market which output it settled a job on, as its demands and challenges take
    it; nothing where all results stand on chain.

    Raises:
        ReceiptError: the claims are not found in the transaction that settled it.
    """
    if all(job.reveals.get(seat) == output_root for seat in job.active):
        return ()
    found = read_reveals(market, job.order, transaction)
    if not found:
        raise ReceiptError(
            f"the claims that settled the job are not found in {transaction}, and this endpoint "
            "traces no transactions: use another one that has debug_traceTransaction"
        )
    return found


def _calls(market: Market, transaction: str) -> Iterator[Mapping[str, Any]]:
    """Arguments of each call to the market in a transaction."""
    sent = market.w3.eth.get_transaction(HexBytes(transaction))
    if sent["to"] == market.contract.address:
        yield _decode(market, sent)
        return
    method = RPCEndpoint("debug_traceTransaction")
    answer = market.w3.provider.make_request(method, [transaction, {"tracer": "callTracer"}])
    pending: list[Any] = [answer.get("result") or {}]
    while pending:
        frame = pending.pop()
        pending += frame.get("calls", ())
        to, kind = frame.get("to"), frame.get("type")
        if to and kind == "CALL" and to_checksum_address(to) == market.contract.address:
            yield _decode(market, {"to": market.contract.address, "input": frame["input"]})


def read_claims(
    market: Market,
    order: Order,
    job: JobId,
    state: Replay,
    providers: Mapping[int, ChecksumAddress],
) -> tuple[list[ClaimFacts], bytes | None]:
    """The claims that ended the job and the hash of their set, from the calldata of the transaction
    that ended it, or from what was revealed on chain (then without a set)."""
    if state.end is None:
        return [], None
    called = _decode(market, market.w3.eth.get_transaction(HexBytes(state.end)))
    for outputs, reveals in _signed_rounds(called, order):
        claims = [
            ClaimFacts(
                seat=seat,
                output_root=bytes(output),
                salt=bytes(salt),
                commitment=commitment_of(
                    job, state.draw, providers[seat], bytes(output), bytes(salt)
                ),
                signature=bytes(r) + bytes(vs),
            )
            for seat, output, (salt, (r, vs)) in zip(state.spoke, outputs, reveals, strict=True)
        ]
        return claims, set_of([claim.commitment for claim in claims])
    return [
        ClaimFacts(
            seat=seat,
            output_root=state.revealed[state.draw, seat][0],
            salt=state.revealed[state.draw, seat][1],
            commitment=state.posted[state.draw, seat],
            signature=None,
        )
        for seat in state.spoke
        if (state.draw, seat) in state.revealed
    ], None


def _signed_rounds(called: Mapping[str, Any], order: Order) -> list[tuple[list[bytes], list[Any]]]:
    """Outputs and reveals of the order in a decoded `settle`, `settleMany` or `contest`."""
    if "outputRoots" in called and _same_order(called.get("order"), order):
        return [(list(called["outputRoots"]), [_tuple(r) for r in called["reveals"]])]
    settlements = called.get("settlements") or [called.get("settlement")]
    found = []
    for settlement in settlements:
        if settlement is None:
            continue
        given, output, reveals = _tuple(settlement)
        if _same_order(given, order):
            found.append(([output] * len(reveals), [_tuple(r) for r in reveals]))
    return found


def _decode(market: Market, transaction: Any) -> Mapping[str, Any]:
    """Arguments of a call to the market; none where another contract was called."""
    if transaction["to"] != market.contract.address:
        return {}
    _, arguments = market.contract.decode_function_input(transaction["input"])
    return arguments  # type: ignore[no-any-return]


def _same_order(given: Any, order: Order) -> bool:
    return given is not None and tuple(_tuple(given)) == order.values()


def _tuple(struct: Any) -> tuple[Any, ...]:
    """A struct as web3 decodes it, by name or by place, as nested tuples."""
    values = struct.values() if hasattr(struct, "values") else struct
    return tuple(_tuple(v) if hasattr(v, "values") or isinstance(v, tuple) else v for v in values)


def _value(value: Any) -> str | bool | list[str]:
    if isinstance(value, bool):
        return value
    if isinstance(value, (bytes, bytearray)):
        return "0x" + bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [str(_value(item)) for item in value]
    return str(value)
