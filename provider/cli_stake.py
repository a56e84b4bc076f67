"""`touchstone provider stake`, `offer` and `unstake`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provider.capacity import require_capacity, units_in_window
from provider.cli_common import DEFAULT_CONFIG, ConfigOption, JsonOption, open_context, progress
from provider.executor import make_executor
from provider.offers import look_up
from provider.worker import measured
from touchstone.amounts import format_tokens, parse_positive_tokens
from touchstone.chain.faucet import give_ether
from touchstone.cli.output import emit
from touchstone.errors import NodeConfigError, NodeError, TransactionReverted
from touchstone.protocol.prices import bond

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from provider.account import Leaving, Pledge
    from provider.cli_common import Context
    from provider.offers import Offer, Served
    from touchstone.chain.sender import Sender
    from touchstone.protocol.ids import PoolId


def stake(
    amount: Annotated[str, typer.Argument(help="Tokens to move into your stake.")],
    mint: Annotated[
        bool, typer.Option("--mint", help="On a development chain: make the tokens and the gas.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Move tokens into your stake. Nothing is at risk before you offer something."""
    units = parse_positive_tokens(amount)
    context = open_context(config)
    sender, account = context.sender(), context.account
    with progress(json) as tell:
        if mint:
            tell("minting")
            give_ether(context.place.w3, sender.address)
            sender.send(account.token.mint(sender.address, units))
        held = account.token.balance_of(sender.address)
        if held < units:
            raise NodeError(
                f"{sender.address} holds {format_tokens(held)} tokens, not {amount}: buy or "
                "receive more, or stake less"
            )
        if account.token.allowance(sender.address, account.vault.address) < units:
            tell("approving")
            sender.send(account.token.approve(account.vault.address, units))
        tell("depositing")
        sender.send(account.vault.deposit(units))
    free = format_tokens(account.vault.free_stake(sender.address))
    data = {"provider": sender.address, "staked": format_tokens(units), "free": free}
    emit(
        data,
        json,
        lambda console: console.print(
            f"staked {data['staked']} tokens; {free} are free to be pledged"
        ),
    )


def offer(
    overload: Annotated[
        bool, typer.Option("--overload", help="Pledge more than this machine can finish in time.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Pledge stake to the offers of the configuration, and say on chain where the node is."""
    context = open_context(config)
    offers = context.config.resolved_offers()
    if not offers:
        raise NodeConfigError(f"{config} has no [[offers]] section: add one")
    served = look_up(context.account.registry, offers)
    account, sender = context.account, context.sender()
    with progress(json) as tell:
        tell("measuring this machine's speed")
        units = _units(context, served)
        if not overload:
            for one in offers:
                require_capacity(one, units[one.pool])
        tell("reading the chain")
        present = {p.position.pool: p for p in account.pledges()}
        missing = {o.pool: _missing(o, present.get(o.pool)) for o in offers}
        needed = sum(bond(o.tier) * missing[o.pool] for o in offers)
        free = account.vault.free_stake(sender.address)
        if needed > free:
            raise NodeError(
                f"these offers need {format_tokens(needed)} tokens of free stake, you have "
                f"{format_tokens(free)}: `touchstone provider stake "
                f"{format_tokens(needed - free)}`, or offer fewer slots"
            )
        for one in offers:
            if missing[one.pool]:
                tell(f"pledging to {one.label}")
                call = account.vault.pledge(one.model, one.shard, one.tier, missing[one.pool])
                sender.send(call)
        endpoint = context.config.node.endpoint
        if account.vault.endpoint_of(sender.address) != endpoint:
            tell("publishing the endpoint")
            sender.send(account.vault.set_endpoint(endpoint))
    active = account.next_epoch_block()
    data: dict[str, object] = {
        "provider": sender.address,
        "endpoint": endpoint,
        "offers": [
            _shown(o, missing[o.pool], active) | {"units_in_a_commit_window": units[o.pool]}
            for o in offers
        ],
    }
    emit(data, json, lambda console: _render_offers(console, data))


def _units(context: Context, served: Sequence[Served]) -> dict[PoolId, int]:
    """Units of work of each offer that this machine finishes within a commit window."""
    speed = measured(make_executor(context.config.node, served), served)
    window = context.account.market.parameters.commit_window
    return {
        one.offer.pool: units_in_window(speed.rows_per_second, window, one.published.unit_rows)
        for one in served
    }


def _missing(offer: Offer, pledge: Pledge | None) -> int:
    """Slots to pledge now; an offer that has shrunk is taken back with `unstake` only."""
    return max(0, offer.slots - (pledge.position.next_weight if pledge else 0))


def _shown(offer: Offer, added: int, active: int) -> dict[str, object]:
    return {
        "model": offer.label,
        "shard": offer.shard,
        "pool": "0x" + offer.pool.hex(),
        "slots": offer.slots,
        "slots_added": added,
        "active_from_block": active if added else None,
        "worst_loss_per_job": format_tokens(bond(offer.tier)),
    }


def _render_offers(console: Console, data: dict[str, object]) -> None:
    offers = data["offers"]
    assert isinstance(offers, list)
    for one in offers:
        when = (
            f"drawn from block {one['active_from_block']} on"
            if one["slots_added"]
            else "pledged already"
        )
        console.print(
            f"{one['model']} shard {one['shard']}: {one['slots']} slots, {when}; one job can cost "
            f"at worst {one['worst_loss_per_job']} tokens",
            soft_wrap=True,
        )
    console.print(f"endpoint {data['endpoint']}", soft_wrap=True)


def unstake(
    all_: Annotated[bool, typer.Option("--all", help="Take back every slot.")] = False,
    slots: Annotated[
        int | None, typer.Option(help="Take back so many slots of --model.", min=1)
    ] = None,
    model: Annotated[str | None, typer.Option(help="name@version, with --slots.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Take stake back: begin with --all or --slots; run again later to get what has been freed."""
    if slots is not None and model is None:
        raise NodeError("--slots needs --model name@version")
    context = open_context(config)
    account, sender = context.account, context.sender()
    with progress(json) as tell:
        tell("reading the chain")
        begun = 0
        for pledge in account.pledges():
            if not all_ and not (slots and pledge.label == model):
                continue
            most = pledge.position.next_weight
            wanted = most if all_ else min(most, (slots or 0) - begun)
            if wanted:
                tell(f"taking back {pledge.label}")
                sender.send(account.vault.unpledge(pledge.position.pool, wanted))
                begun += wanted
        now, finished = account.market.clock().time, 0
        for leaving in account.leaving():
            if leaving.ready_at <= now:
                tell("finishing")
                finished += _finish(context, sender, leaving)
        free = account.vault.free_stake(sender.address)
        if free:
            tell("withdrawing")
            sender.send(account.vault.withdraw(free))
    waiting = account.leaving()
    data = {
        "provider": sender.address,
        "slots_leaving": sum(one.slots for one in waiting),
        "slots_begun": begun,
        "slots_finished": finished,
        "withdrawn": format_tokens(free),
        "next_ready_at": min((one.ready_at for one in waiting), default=None),
    }
    emit(data, json, lambda console: _render_unstake(console, data))


def _finish(context: Context, sender: Sender, leaving: Leaving) -> int:
    """Slots freed: none while a contested job holds them."""
    try:
        sender.send(context.account.vault.finish_unbonding(leaving.id))
    except TransactionReverted as error:
        if error.error != "SlotsInUse":
            raise
        return 0
    return leaving.slots


def _render_unstake(console: Console, data: dict[str, object]) -> None:
    console.print(f"withdrawn: {data['withdrawn']} tokens")
    if data["slots_leaving"]:
        console.print(
            f"{data['slots_leaving']} slots are on their way out, and slashable until then: the "
            f"first is free at Unix time {data['next_ready_at']}; run this again after it",
            soft_wrap=True,
        )
