"""The market of the end-to-end tests: real processes, five providers in each price pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from requester.client import Client
from tests.cheats.two_faced import TwoFaced
from tests.support import warm
from touchstone.amounts import parse_tokens
from touchstone.chain.disputes import Disputes
from touchstone.chain.parameters import DeployParameters, DisputeParameters
from touchstone.localnet import Localnet, NodeProcess, Offer, compiled_minilm
from touchstone.protocol.jobs import Parameters
from touchstone.protocol.prices import bond, tier_of

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress

    from requester.store import StoredJob

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = DeployParameters(
    market=Parameters(
        commit_window=24,
        reveal_window=8,
        challenge_window=60,
        delivery_window=5,
        contest_window=180,
        draw_blocks=64,
        answer_window=4,
        answer_price=10**12,
        seed_cap=10**24,
    ),
    epoch_blocks=256,
    dispute=DisputeParameters(window=160, clock=25, judge_time=12, bond=10**18),
    unbonding_time=600,
)
HEAVY = 4000
"""Slots of a cheat that must be drawn: all but certain to come first."""

ALL_HONEST = "0.01"
ONE_LIAR = "0.02"
COLLUDING_PAIR = "0.05"
ONE_SILENT = "0.1"
ONE_EQUIVOCATES = "0.2"


@dataclass(slots=True)
class Market:
    """A running local market and the names of its providers."""

    net: Localnet
    model: str
    model_folder: Path
    front: TwoFaced | None = None
    nodes: dict[str, NodeProcess] = field(default_factory=dict)
    addresses: dict[str, ChecksumAddress] = field(default_factory=dict)

    def add(self, name: str, prices: dict[str, int], **how: object) -> None:
        offers = [Offer(self.model, self.model_folder, p, slots) for p, slots in prices.items()]
        address = self.net.devnet.account(10 + len(self.nodes)).address
        self.nodes[name] = self.net.add_provider(offers, poll_s=0.5, **how)  # type: ignore[arg-type]
        self.addresses[name] = address

    @property
    def disputes(self) -> Disputes:
        return Disputes(self.net.devnet.w3, self.net.deployment)

    def winners(self, job: StoredJob) -> list[str]:
        """The providers to whom the guilty of the job's contest have lost, one for each of them."""
        names = {address: name for name, address in self.addresses.items()}
        return [names[winner] for winner in self.disputes.verdict(job.id)[2].values()]

    def client(self, home: str, patience_s: float) -> Client:
        return Client(
            self.net.devnet.w3,
            self.net.deployment,
            self.net.devnet.account(1),
            self.net.folder / home,
            patience_s=patience_s,
            poll_s=0.1,
        )

    def stake(self, name: str) -> int:
        """All of a provider's stake, pledged or free, in base units."""
        address, vault = self.addresses[name], self.net.vault
        total = vault.free_stake(address)
        joined = vault.contract.events.Joined().get_logs(
            from_block=0, argument_filters={"provider": address}
        )
        for event in joined:
            position = vault.position(event["args"]["pool"], address)
            total += position.slots * position.bond
        return total

    def held(self, job: StoredJob) -> int:
        """Bonds that the job's contest holds."""
        call = self.net.vault.contract.functions
        state = self.net.market.job(job.order)
        return sum(
            int(call.bondsOf(job.order.pool, leaf).call()[1]) for leaf in state.seats.values()
        )

    def earned(self, name: str) -> int:
        """What the market owes a provider, matured or not."""
        return sum(self.net.market.balance_of(self.addresses[name]))

    def seated(self, job: StoredJob) -> set[str]:
        """Names of the providers in the job's active seats."""
        names = {address: name for name, address in self.addresses.items()}
        return {names[p] for p in self.net.market.job(job.order).providers.values()}


def bond_at(price: str) -> int:
    return bond(tier_of(parse_tokens(price)))


def build_market(folder: Path) -> Market:
    """Starts chain and providers: five in each pool."""
    net = Localnet(folder, parameters=PARAMETERS, block_time=0.25).start()
    net.popen = warm.popen
    try:
        return _with_providers(net)
    except BaseException:
        net.stop()
        raise


def _with_providers(net: Localnet) -> Market:
    model_folder = compiled_minilm(ROOT / ".touchstone" / "models")
    market = Market(net, net.publish(model_folder), model_folder)
    net.fund(1)
    many = 16
    for number in range(5):
        prices = {ALL_HONEST: many}
        if number < 4:
            prices |= {ONE_LIAR: many, ONE_SILENT: many, ONE_EQUIVOCATES: many}
        if number < 3:
            prices |= {COLLUDING_PAIR: many}
        market.add(f"honest-{number}", prices)
    cheat = {"python_path": ROOT}
    liar, colluder, silent = (
        f"tests.cheats.executors:{name}" for name in ("liar", "colluder", "silent")
    )
    market.add("liar", {ONE_LIAR: many}, executor=liar, **cheat)
    market.add("colluder-0", {COLLUDING_PAIR: many}, executor=colluder, **cheat)
    market.add("colluder-1", {COLLUDING_PAIR: many}, executor=colluder, **cheat)
    market.add("silent", {ONE_SILENT: HEAVY}, executor=silent, **cheat)
    market.front = TwoFaced(net.devnet.account(10 + len(market.nodes)), net.market.domain)
    market.front.__enter__()
    market.add("two-faced", {ONE_EQUIVOCATES: HEAVY}, endpoint=market.front.url)
    market.front.backend = market.nodes["two-faced"].url
    for node in market.nodes.values():
        node.wait_ready()
    net.next_epoch()
    return market


def stake_of(net: Localnet, provider: int) -> int:
    """All that a provider has at stake, free or pledged, in base units."""
    address = net.devnet.account(10 + provider).address
    joined = net.vault.contract.events.Joined().get_logs(
        from_block=0, argument_filters={"provider": address}
    )
    positions = [net.vault.position(event["args"]["pool"], address) for event in joined]
    return net.vault.free_stake(address) + sum(p.slots * p.bond for p in positions)
