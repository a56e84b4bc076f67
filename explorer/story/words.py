"""What an event says, in words: any event of any contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.derive.records import MARKET, REGISTRY, RESOLVER, VAULT
from explorer.story import dispute_words, job_words
from explorer.story.moments import utc
from explorer.story.pieces import (
    Piece,
    Sentence,
    account,
    clipped,
    counted,
    model,
    pool,
    say,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.derive.records import Event
    from explorer.story.known import Known


def sentence(event: Event, known: Known, *, within_job: bool = False) -> Sentence:
    """What the event says.

    Args:
        event: any event.
        known: what is known about the jobs and models that it mentions.
        within_job: whether it is clear which job is meant.
    """
    words = _OF_JOBS.get(event.contract, {}).get(event.name)
    if words is not None:
        said, key = words(event, known), known.job_of(event)
        return said if within_job or key is None else job_words.about(key) + said
    found = _OTHERS.get((event.contract, event.name))
    return _as_it_is(event) if found is None else found(event, known)


_OF_JOBS = {MARKET: job_words.WORDS, RESOLVER: dispute_words.WORDS}


def _moved(before: str, after: str, who: str = "account") -> Callable[[Event, Known], Sentence]:
    def words(event: Event, _: Known) -> Sentence:
        return say(account(event.text(who)), before, tokens(event.number("amount")), after)

    return words


def _pledged(event: Event, _: Known) -> Sentence:
    slots = counted(event.number("slots"), "slot")
    start = f", drawn from epoch {event.text('fromEpoch')} on."
    who = account(event.text("provider"))
    return say(who, f" pledged {slots} to pool ", pool(event.text("pool")), start)


def _unbonding_started(event: Event, _: Known) -> Sentence:
    slots = counted(event.number("slots"), "slot")
    return say(
        account(event.text("provider")),
        f" began to withdraw {slots} from pool ",
        pool(event.text("pool")),
        f"; they stay slashable until {utc(event.number('readyAt'))}.",
    )


def _unbonded(event: Event, _: Known) -> Sentence:
    amount, slots = tokens(event.number("amount")), counted(event.number("slots"), "slot")
    return say(f"Unbonding {event.text('id')} is over: {slots}, {amount}, are free stake again.")


def _endpoint_set(event: Event, _: Known) -> Sentence:
    endpoint = event.text("endpoint")
    says = Piece(f"“{clipped(endpoint)}”")
    return say(account(event.text("provider")), " says that its node is at ", says, ".")


def _pool_created(event: Event, known: Known) -> Sentence:
    key, bond = event.text("model"), tokens(event.number("bond"))
    return say(
        "Pool ",
        pool(event.text("pool")),
        " for model ",
        model(key, known.labels.get(key)),
        f" was created; a slot in it is a bond of {bond}.",
    )


def _joined(event: Event, _: Known) -> Sentence:
    leaf = f" as number {event.text('leaf')}."
    return say(account(event.text("provider")), " joined pool ", pool(event.text("pool")), leaf)


def _bond_held(event: Event, _: Known) -> Sentence:
    return say(f"A slot of provider number {event.text('leaf')} in pool ", pool(event.text("pool")),
               " is held until the resolver has spoken.")  # fmt: skip


def _bond_released(event: Event, _: Known) -> Sentence:
    return say(f"A slot of provider number {event.text('leaf')} in pool ", pool(event.text("pool")),
               " is no longer held.")  # fmt: skip


def _bond_relocked(event: Event, _: Known) -> Sentence:
    return say(f"A slot of provider number {event.text('leaf')} in pool ", pool(event.text("pool")),
               " is no longer held, but locked for what is left of its time.")  # fmt: skip


def _slashed(event: Event, _: Known) -> Sentence:
    burned, paid = tokens(event.number("burned")), tokens(event.number("paid"))
    return say(
        account(event.text("provider")),
        " lost a slot in pool ",
        pool(event.text("pool")),
        f": {burned} burned, {paid} paid to others, the rest is its free stake again.",
    )


def _published(event: Event, _: Known) -> Sentence:
    label = f"{event.text('name')}@{event.text('version')}"
    return say(
        account(event.text("publisher")), " published ", model(event.text("model"), label), "."
    )


_OTHERS: dict[tuple[str, str], Callable[[Event, Known], Sentence]] = {
    (MARKET, "Earned"): _moved(" earned ", ", to be withdrawn after the delivery window."),
    (MARKET, "Credited"): _moved(" was credited ", " at the market, to be withdrawn at once."),
    (MARKET, "Withdrawn"): _moved(" withdrew ", " from the market."),
    (VAULT, "Deposited"): _moved(" deposited ", " as stake.", "provider"),
    (VAULT, "Withdrawn"): _moved(" withdrew ", " of its free stake.", "provider"),
    (VAULT, "Credited"): _moved(" got ", " of a slashed bond, as free stake."),
    (VAULT, "Pledged"): _pledged,
    (VAULT, "UnbondingStarted"): _unbonding_started,
    (VAULT, "Unbonded"): _unbonded,
    (VAULT, "EndpointSet"): _endpoint_set,
    (VAULT, "PoolCreated"): _pool_created,
    (VAULT, "Joined"): _joined,
    (VAULT, "BondHeld"): _bond_held,
    (VAULT, "BondReleased"): _bond_released,
    (VAULT, "BondRelocked"): _bond_relocked,
    (VAULT, "Slashed"): _slashed,
    (REGISTRY, "Published"): _published,
    (RESOLVER, "Credited"): _moved(" was credited ", " at the resolver, to be withdrawn at once."),
    (RESOLVER, "Withdrawn"): _moved(" withdrew ", " from the resolver."),
}


def _as_it_is(event: Event) -> Sentence:
    args = ", ".join(f"{name}={clipped(str(value), 66)}" for name, value in event.args.items())
    return say(f"{event.contract} said {event.name}({clipped(args, 400)}).")
