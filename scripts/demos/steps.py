"""What happened to a job, transaction by transaction, read from the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from requester.store import StoredJob
    from touchstone.chain.market import Market

_WORDS = {
    "Opened": "payment in escrow",
    "Drawn": "providers drawn, bonds locked",
    "CommitPosted": "a commitment posted on chain",
    "Revealed": "a result revealed on chain",
    "SeatFailed": "a seat slashed",
    "SeatReplaced": "a reserve seated",
    "RoundStarted": "a new round",
    "Settled": "settled, providers paid",
    "Contested": "results differ, bonds held",
    "Challenged": "the result is disputed, bonds held",
    "Concluded": "the resolver has spoken",
    "Refunded": "requester refunded",
}


def steps_of(market: Market, job: StoredJob) -> list[dict[str, Any]]:
    """Each transaction of the job: its call, gas, hash, and what happened in it."""
    w3 = market.w3
    found: dict[str, list[str]] = {}
    for event in market.events(job.first_block, w3.eth.block_number, job.id):
        word = _WORDS.get(event["event"], event["event"])
        found.setdefault(event["transactionHash"].to_0x_hex(), []).append(word)
    steps = []
    for transaction, words in found.items():
        data = w3.eth.get_transaction(transaction)["input"]  # type: ignore[arg-type]
        call, _ = market.contract.decode_function_input(data)
        steps.append(
            {
                "step": call.fn_name,
                "gas": w3.eth.get_transaction_receipt(transaction)["gasUsed"],
                "transaction": transaction,
                "what": ", ".join(dict.fromkeys(words)),
            }
        )
    return steps
