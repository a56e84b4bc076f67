"""Checks a receipt alone: recomputes what can be recomputed, asks the chain for facts only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address

from touchstone.chain.deployment import Deployment
from touchstone.errors import ReceiptError, TouchstoneError
from touchstone.receipts import offline, online
from touchstone.receipts.receipt import Receipt, parse_receipt
from touchstone.receipts.replay import replay

if TYPE_CHECKING:
    from web3 import Web3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked.

    Attributes:
        name: what.
        ok: whether it holds.
        detail: what was found, in words.
    """

    name: str
    ok: bool
    detail: str


def check(receipt: Any, w3: Web3 | None, deployment: Deployment | None = None) -> list[Check]:
    """Every check of a receipt, in order; it is good when all are.

    Args:
        receipt: the receipt, as JSON knows it.
        w3: a chain to ask for facts; None checks only what can be recomputed.
        deployment: the contracts that the reader trusts; without it, those that the receipt names
            are taken for Touchstone's.
    """
    try:
        parsed = parse_receipt(receipt)
    except ReceiptError as error:
        return [Check("format", False, str(error))]
    results = [Check("format", True, parsed.format)]
    for name, rule in offline.RULES.items():
        results.append(_run(name, partial(_apply, rule, parsed)))
    if w3 is None:
        return results
    if deployment is None:
        deployment = _named(parsed)
    else:
        results.append(_run("deployment", lambda: _same_contracts(parsed, deployment)))
    connected: list[online.Chain] = []

    def connect() -> str:
        connected.append(online.open_chain(parsed, w3, deployment))
        return f"chain {parsed.chain_id}, market {parsed.contracts.market}"

    results.append(_run("chain", connect))
    for name, online_rule in online.RULES.items() if connected else ():
        results.append(_run(name, partial(_apply, online_rule, parsed, connected[0])))
    return results


def _apply(rule: Callable[..., str], receipt: Receipt, *chain: online.Chain) -> str:
    return rule(receipt, replay(receipt.order.order(), receipt.events), *chain)


def _run(name: str, rule: Callable[[], str]) -> Check:
    """A rule returns what it found, and raises where it does not hold."""
    try:
        return Check(name, True, rule())
    except TouchstoneError as error:
        return Check(name, False, str(error))
    except Exception as error:
        # Whatever a forged receipt provokes is a failed check, never a crash.
        return Check(name, False, f"{type(error).__name__}: {error}")


def _named(receipt: Receipt) -> Deployment:
    named = receipt.contracts
    return Deployment(
        receipt.chain_id,
        0,
        {
            name: to_checksum_address(address)
            for name, address in (
                ("Market", named.market),
                ("StakeVault", named.vault),
                ("ModelRegistry", named.registry),
                ("Token", named.token),
                ("Disputes", named.resolver),
                ("Beacon", named.beacon),
            )
        },
    )


def _same_contracts(receipt: Receipt, deployment: Deployment) -> str:
    trusted = deployment.address("Market")
    if (deployment.chain_id, trusted) != (
        receipt.chain_id,
        to_checksum_address(receipt.contracts.market),
    ):
        raise ReceiptError(
            f"the receipt is of market {receipt.contracts.market} on chain {receipt.chain_id}, "
            f"not of {trusted} on chain {deployment.chain_id}"
        )
    return "the market is the one that you trust"
