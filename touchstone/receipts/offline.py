"""What can be recomputed from the receipt alone. Each rule says what it found, or raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from touchstone.errors import ReceiptError
from touchstone.protocol.audits import AUDIT_ENDS, seal_of
from touchstone.protocol.claims import Claim, commitment_of, set_of
from touchstone.protocol.eip712 import Domain, Signature, recover
from touchstone.protocol.ids import JobId, model_id
from touchstone.protocol.merkle import blinded
from touchstone.protocol.prices import RESERVATION_PARTS, bond
from touchstone.receipts.build import audit_of, paid_of, refund_of, verdict_of
from touchstone.receipts.receipt import Draw, Receipt
from touchstone.receipts.replay import Replay

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress

Rule = Callable[[Receipt, Replay], str]


def require(holds: bool, otherwise: str) -> None:
    """Raises ReceiptError unless it holds."""
    if not holds:
        raise ReceiptError(otherwise)


def providers_of(receipt: Receipt) -> dict[int, ChecksumAddress]:
    """Each drawn seat's provider."""
    seats = receipt.draw.seats if receipt.draw else []
    return {seat.seat: to_checksum_address(seat.provider) for seat in seats}


def check_job(receipt: Receipt, state: Replay) -> str:
    """The job's id is the digest of this order on this market."""
    domain = Domain(receipt.chain_id, to_checksum_address(receipt.contracts.market))
    order = receipt.order.order()
    found = order.job_id(domain)
    require(found == receipt.job, f"the order's digest is 0x{found.hex()}, not the job's id")
    require(state.pool == order.pool, "the job was opened in another pool than the order's")
    require(
        to_checksum_address(state.requester) == order.requester,
        "the job was opened for another requester than the order's",
    )
    return f"0x{found.hex()} is the digest of the order"


def check_opening(receipt: Receipt, state: Replay) -> str:
    """The requester opened the job, or signed for it."""
    requester = to_checksum_address(receipt.order.requester)
    if receipt.opening.signature is None:
        if to_checksum_address(receipt.opening.sender) == requester:
            return "opened by the requester itself"
        return "opened through another contract; the market has checked the requester's word"
    data = bytes.fromhex(receipt.opening.signature[2:])
    if len(data) != 65:
        return "signed in the requester's own way (ERC-1271); the market has checked it"
    parity = (data[64] - 27) & 1
    compact = Signature(data[:32], bytes([data[32] | parity << 7]) + data[33:64])
    signer = recover(receipt.job, compact)
    require(signer == requester, f"the order is signed by {signer}, not by {requester}")
    return f"signed by {requester}"


def check_model(receipt: Receipt, state: Replay) -> str:
    """The order names this model version."""
    found = model_id(receipt.model.name, receipt.model.version)
    name = f"{receipt.model.name}@{receipt.model.version}"
    require(found == receipt.order.model, f"the order does not name {name}")
    return name


def check_draw(receipt: Receipt, state: Replay) -> str:
    """Seed, round, seats and bond are those of the events and of the order."""
    draw = receipt.draw
    if draw is None:
        require(not state.leaves, "the draw is missing")
        return "never drawn"
    require(draw.seed == state.seed, "the seed is not the drawn one")
    require(draw.round == state.round, f"the job is in round {state.round}")
    require(draw.draw == state.draw, "the draw's id does not follow from seed and round")
    found = [(seat.seat, seat.leaf) for seat in draw.seats]
    require(found == sorted(state.leaves.items()), "the seats are not the drawn ones")
    least = bond(receipt.order.tier)
    require(int(draw.bond) == least, f"the bond of that tier is {least}")
    return f"{len(draw.seats)} seats, round {draw.round}"


def check_commitments(receipt: Receipt, state: Replay) -> str:
    """Each claim opens its provider's commitment."""
    draw, providers = _drawn(receipt, state), providers_of(receipt)
    for claim in receipt.claims:
        found = commitment_of(
            JobId(receipt.job), draw, providers[claim.seat], claim.output_root, claim.salt
        )
        require(found == claim.commitment, f"seat {claim.seat}: the commitment is another one")
        posted = state.posted.get((draw, claim.seat), found)
        require(posted == found, f"seat {claim.seat}: another commitment was posted on chain")
    return f"{len(receipt.claims)} commitments opened"


def check_set(receipt: Receipt, state: Replay) -> str:
    """The set that was signed is the hash of all commitments."""
    if any(claim.signature is not None for claim in receipt.claims):
        found = set_of([claim.commitment for claim in receipt.claims])
        require(found == receipt.set, "the set is not the hash of the commitments")
        return f"0x{found.hex()}"
    require(receipt.set is None, "there is a set, but nobody signed it")
    return "no signed set"


def check_signatures(receipt: Receipt, state: Replay) -> str:
    """Each claim is signed by its seat's provider, or was revealed on chain."""
    domain = Domain(receipt.chain_id, to_checksum_address(receipt.contracts.market))
    order, providers, draw = receipt.order.order(), providers_of(receipt), _drawn(receipt, state)
    for claim in receipt.claims:
        if claim.signature is None:
            shown = state.revealed.get((draw, claim.seat))
            require(
                shown == (claim.output_root, claim.salt),
                f"seat {claim.seat}: neither signed nor revealed on chain",
            )
            continue
        require(receipt.set is not None, "signed claims without a set")
        assert receipt.set is not None
        Claim(
            JobId(receipt.job),
            draw,
            order.shard,
            state.input_root,
            claim.output_root,
            receipt.set,
            claim.salt,
        ).require_signer(domain, Signature.from_bytes(claim.signature), providers[claim.seat])
    return f"{len(receipt.claims)} claims by their providers"


def check_verdict(receipt: Receipt, state: Replay) -> str:
    """Phase, result and money follow from events, claims and order."""
    order = receipt.order.order()
    expected = verdict_of(order, state, providers_of(receipt))
    for name in ("phase", "output_root", "reason", "refund"):
        given, due = getattr(receipt.verdict, name), getattr(expected, name)
        require(given == due, f"{name} is {_shown(given)}, the events say {_shown(due)}")
    paid = [(p.seat, to_checksum_address(p.provider), p.amount) for p in receipt.verdict.payments]
    due_payments = [(p.seat, p.provider, p.amount) for p in expected.payments]
    require(paid == due_payments, "the payments are not those of the settlement")
    if state.output_root is not None:
        require(state.share == order.share, f"a share is {order.share}, not {state.share}")
    if state.reason == "InputWithheld":
        fee = order.share // RESERVATION_PARTS
        require(set(state.payments.values()) <= {fee}, f"a reservation fee is {fee}")
    if state.phase.ended:
        audits = state.audit_fees + state.audit_waits
        spent = refund_of(order, state) + sum(state.payments.values()) + audits
        require(
            spent == paid_of(order, state),
            "payments, refund and what is the auditor's are not the whole payment",
        )
    outputs = [claim.output_root for claim in receipt.claims]
    if receipt.claims:
        seats = tuple(claim.seat for claim in receipt.claims)
        require(seats == state.spoke, f"the claims are of seats {seats}, not {state.spoke}")
        if state.output_root is not None:
            require(set(outputs) == {state.output_root}, "a claim differs from what was settled")
        else:
            require(tuple(outputs) == state.outputs, "the contest names other claims")
    return receipt.verdict.phase


def check_audit(receipt: Receipt, state: Replay) -> str:
    """The audit is that of the events, for the odds that were ordered, and costs a share."""
    order = receipt.order.order()
    expected, given = audit_of(order, state), receipt.audit
    if expected is None or given is None:
        require(expected is given, "the events and the receipt differ in whether there is an audit")
        return "not audited"
    for name in type(expected).model_fields:
        found, due = getattr(given, name), getattr(expected, name)
        same = found == due or (name == "auditor" and _same_account(found, due))
        require(same, f"{name} is {_shown(found)}, the events say {_shown(due)}")
    odds = [audit.odds for audit in state.audits]
    due_odds = ([order.audit_odds] if order.audit_odds else []) + [1] * len(odds)
    require(odds == due_odds[: len(odds)], f"the audits were due at odds of {odds}")
    for event in receipt.events:
        if event.event == "Vouched":
            require(event.args["fee"] == str(order.share), f"an auditor's fee is {order.share}")
        if event.event == "AuditEnded":
            withheld = AUDIT_ENDS[int(str(event.args["reason"]))] == "InputWithheld"
            fee = order.share // RESERVATION_PARTS if withheld else 0
            require(
                event.args["returned"] == str(order.share - fee),
                f"of an auditor's share {order.share - fee} are to be returned",
            )
    return f"{given.state}{_seal_words(receipt)}"


def _same_account(a: str | None, b: str | None) -> bool:
    return a is not None and b is not None and to_checksum_address(a) == to_checksum_address(b)


def _seal_words(receipt: Receipt) -> str:
    """Whether the seal is of the settled output, which whoever knows the output can tell."""
    audit, opened = receipt.audit, receipt.payloads
    if audit is None or audit.seal is None or audit.auditor is None:
        return ""
    if opened is None or opened.output_root is None:
        return ", sealed"
    auditor = to_checksum_address(audit.auditor)
    due = seal_of(JobId(receipt.job), auditor, opened.output_root, opened.salt)
    if audit.seal == due:
        return ", the seal is of the settled output"
    return ", but the seal is not of the settled output: the auditor can be refuted"


def check_payloads(receipt: Receipt, state: Replay) -> str:
    """The opened payloads are those of the order and of the settlement."""
    opened = receipt.payloads
    if opened is None:
        return "not opened"
    blind = blinded(opened.input_root, opened.salt)
    require(blind == state.input_root, "the input is not the order's")
    if opened.output_root is None:
        return "the input is the order's"
    require(
        blinded(opened.output_root, opened.salt) == state.output_root,
        "the output is not the settled one",
    )
    return "input and output are those of the order and the settlement"


RULES: dict[str, Rule] = {
    "job": check_job,
    "opening": check_opening,
    "model": check_model,
    "draw": check_draw,
    "commitments": check_commitments,
    "set": check_set,
    "signatures": check_signatures,
    "verdict": check_verdict,
    "audit": check_audit,
    "payloads": check_payloads,
}


def _drawn(receipt: Receipt, state: Replay) -> bytes:
    draw: Draw | None = receipt.draw
    return state.draw if draw is None else draw.draw


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
