"""What happened in a dispute, move by move, read from the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from requester.store import StoredJob
    from touchstone.chain.disputes import Disputes
    from touchstone.chain.market import Market
    from touchstone.chain.stake import Vault
    from touchstone.programs.program import Program

_WORDS = {
    "Entered": "the seats take part",
    "Described": "the input's shape",
    "Stated": "a transcript stated",
    "Opened": "children opened",
    "LeafOpened": "a chunk shown",
    "PartsPosted": "partial results posted",
    "Convicted": "convicted",
}
_OF_NODES = ("Opened", "LeafOpened")


def moves_of(disputes: Disputes, job: StoredJob) -> list[dict[str, Any]]:
    """The transactions of a job's games: who sent each, its gas, and what it did.

    Nodes are opened for all games alike, so the events of openings name no job: they are those of
    the transactions that the job's own events stand in, or that follow its start.
    """
    w3 = disputes.w3
    found: dict[str, list[str]] = {}
    for event in disputes.events(job.first_block, w3.eth.block_number):
        args = event["args"]
        if event["event"] not in _OF_NODES and bytes(args.get("job", job.id)) != job.id:
            continue
        words = found.setdefault(event["transactionHash"].to_0x_hex(), [])
        if event["event"] in _WORDS:
            words.append(_WORDS[event["event"]])
    steps = []
    for transaction, words in found.items():
        receipt = w3.eth.get_transaction_receipt(transaction)  # type: ignore[arg-type]
        if receipt["to"] == disputes.address:
            steps.append(
                {
                    "by": receipt["from"],
                    "gas": receipt["gasUsed"],
                    "transaction": transaction,
                    "what": ", ".join(dict.fromkeys(words)) or "the next step",
                }
            )
    return steps


def conviction_of(disputes: Disputes, job: StoredJob, program: Program) -> dict[str, Any]:
    """The element that convicted: where it stands, what was claimed, what it must be."""
    last = disputes.w3.eth.block_number
    (event,) = disputes.events(job.first_block, last, ("Convicted",), job.id)
    args = event["args"]
    operator = program.operators[args["value"] - 1]
    where = f"sentence {args['sequence'] + 1}"
    if program.input.causal:
        where = f"position {args['position']}"
    return {
        "where": where,
        "party": args["party"],
        "sequence": args["sequence"],
        "operator": operator.op,
        "label": operator.label,
        "element": args["element"],
        "claimed": args["found"],
        "recomputed": args["expected"],
    }


def slices_of(market: Market, vault: Vault, job: StoredJob) -> tuple[int, dict[str, int]]:
    """What the slashed bond became: how much was burned, and who received what."""
    concluded = next(
        iter(market.events(job.first_block, market.w3.eth.block_number, job.id, ("Concluded",)))
    )
    receipt = market.w3.eth.get_transaction_receipt(concluded["transactionHash"])
    block = receipt["blockNumber"]
    burned, paid = 0, dict[str, int]()
    for event in vault.contract.events.Slashed().get_logs(from_block=block, to_block=block):
        burned += event["args"]["burned"]
    for event in vault.contract.events.Credited().get_logs(from_block=block, to_block=block):
        account = event["args"]["account"]
        paid[account] = paid.get(account, 0) + event["args"]["amount"]
    return burned, paid
