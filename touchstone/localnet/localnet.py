"""Starts and stops a local market."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Self

from eth_account import Account

from touchstone.amounts import parse_tokens
from touchstone.chain.deploy import deploy
from touchstone.chain.devnet import Devnet
from touchstone.chain.keystore import PASSWORD_VARIABLE
from touchstone.chain.market import Market
from touchstone.chain.parameters import DEVNET, DeployParameters
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.localnet.node import NodeProcess, free_port, touchstone_command
from touchstone.programs import load_model
from touchstone.protocol.ids import model_id
from touchstone.protocol.prices import bond, tier_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from touchstone.chain.deployment import Deployment
    from touchstone.localnet.node import Offer, Popen

_PASSWORD = "local development only"
_FUNDS = 10**24
_OPENING_BLOCKS = 16
"""In which whoever is about to open a job does it."""
UNIT_ROWS = 256


class Localnet:
    """A chain with the contracts, and processes for each role, in one folder.

    Account 0 deploys and publishes, account 1 is the requester, account 2 the verifier; providers
    have the accounts from 10 on.

    Attributes:
        rpc_url: where processes started from now on reach the chain, if not directly.
        popen: what starts them, as `subprocess.Popen` does.
    """

    devnet: Devnet
    deployment: Deployment
    market: Market
    vault: Vault
    token: Token
    registry: Registry

    def __init__(
        self,
        folder: Path,
        *,
        parameters: DeployParameters = DEVNET,
        block_time: float | None = 0.5,
    ) -> None:
        """Describes the market; `start` or `with` starts the chain.

        Args:
            folder: for everything that the processes write.
            parameters: of the contracts.
            block_time: seconds between blocks besides those that transactions mine; None mines for
                transactions only.
        """
        self.folder = folder
        self.parameters = parameters
        self.nodes: list[NodeProcess] = []
        self.rpc_url = ""
        self.popen: Popen = subprocess.Popen
        self._providers = 0
        self._block_time = block_time

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Starts the chain and deploys the contracts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.devnet = Devnet(
            accounts=40,
            log=self.folder / "anvil.log",
            block_time=self._block_time,
            mixed=self._block_time is not None,
        ).start()
        try:
            self.deployment = deploy(self.devnet.w3, self.devnet.account(0), self.parameters)
            self.deployment.save(self.deployment_file)
            w3 = self.devnet.w3
            self.market = Market(w3, self.deployment)
            self.vault = Vault(w3, self.deployment)
            self.token = Token(w3, self.deployment)
            self.registry = Registry(w3, self.deployment)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stops all processes, the chain last."""
        self.stop_nodes()
        self.devnet.stop()

    def stop_nodes(self) -> None:
        """Stops all processes but the chain."""
        for node in self.nodes:
            node.ask_to_end()
        for node in self.nodes:
            node.stop()
        self.nodes.clear()

    @property
    def deployment_file(self) -> Path:
        """Where the contracts' addresses are written."""
        return self.folder / "deployment.json"

    def sender(self, account: int) -> Sender:
        """Sends from development account number `account`."""
        return Sender(self.devnet.w3, self.devnet.account(account), poll_s=0.01)

    def publish(self, model_folder: Path) -> str:
        """Puts a compiled model into the registry and returns its `name@version`."""
        manifest = load_model(model_folder).manifest
        self.sender(0).send(
            self.registry.publish(
                manifest.name,
                manifest.version,
                manifest.program_root,
                manifest.weight_root,
                manifest.parts,
                modes=3,
                unit_rows=UNIT_ROWS,
                max_rows=manifest.max_length,
            )
        )
        return f"{manifest.name}@{manifest.version}"

    def fund(self, account: int) -> Sender:
        """Gives an account tokens to spend on jobs or stake."""
        sender = self.sender(account)
        sender.send(self.token.mint(sender.address, _FUNDS))
        return sender

    def stake(self, account: int, offers: Sequence[Offer], endpoint: str) -> None:
        """Deposits, pledges and announces, as `touchstone provider stake` and `offer`."""
        sender = self.fund(account)
        total = sum(bond(_tier(o)) * o.slots for o in offers)
        sender.send(self.token.approve(self.vault.address, total))
        sender.send(self.vault.deposit(total))
        for offer in offers:
            name, _, version = offer.model.rpartition("@")
            model = model_id(name, version)
            sender.send(self.vault.pledge(model, offer.shard, _tier(offer), offer.slots))
        sender.send(self.vault.set_endpoint(endpoint))

    def next_epoch(self) -> None:
        """Mines until what was pledged counts."""
        blocks = self.parameters.epoch_blocks
        self.devnet.mine(blocks - self.devnet.w3.eth.block_number % blocks)

    def clear_of_epochs_end(self) -> None:
        """Mines until a job that is opened now need not wait for the next epoch's seeds."""
        blocks, wait = self.parameters.epoch_blocks, self.parameters.market.draw_blocks
        if self.devnet.w3.eth.block_number % blocks > blocks - wait - _OPENING_BLOCKS:
            self.next_epoch()

    def add_provider(
        self,
        offers: Sequence[Offer],
        *,
        executor: str | None = None,
        python_path: Path | None = None,
        endpoint: str | None = None,
        threads: int = 1,
        poll_s: float = 0.2,
    ) -> NodeProcess:
        """Stakes a provider and starts its process; it is drawn from the next epoch on.

        Args:
            offers: what it offers.
            executor: `package.module:factory` of what executes its jobs; exact execution if None.
            python_path: where that package is found.
            endpoint: the address it announces, where that is not its own.
            threads: for computing.
            poll_s: seconds between its looks at the chain.
        """
        number = self._providers
        self._providers += 1
        account, port = 10 + number, free_port()
        folder = self.folder / f"provider-{number}"
        folder.mkdir()
        url = f"http://127.0.0.1:{port}"
        self.write_key(account, folder / "key.json")
        lines = [
            "[node]",
            'key = "key.json"',
            f'endpoint = "{endpoint or url}"',
            f'listen = "127.0.0.1:{port}"',
            'data = "data"',
            f"threads = {threads}",
            f"poll_seconds = {poll_s}",
        ]
        if executor is not None:
            lines.append(f'executor = "{executor}"')
        for offer in offers:
            lines += [
                "[[offers]]",
                f'model = "{offer.model}"',
                f'folder = "{offer.folder}"',
                f'price = "{offer.price}"',
                f"slots = {offer.slots}",
                f"shard = {offer.shard}",
            ]
        config = folder / "provider.toml"
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.stake(account, offers, endpoint or url)
        extra = {} if python_path is None else {"PYTHONPATH": str(python_path)}
        node = NodeProcess(
            name=f"provider {number}",
            url=url,
            log=folder / "log.txt",
            command=[touchstone_command(), "provider", "run", "--config", str(config)],
            environment=self.environment(account) | extra,
            popen=self.popen,
        )
        node.start()
        self.nodes.append(node)
        return node

    def add_verifier(self, models: Sequence[Path] = (), account: int = 2) -> NodeProcess:
        """Starts a verifier with its own embedded broker, which audits with these models."""
        port = free_port()
        folder = self.folder / "verifier"
        folder.mkdir(exist_ok=True)
        key = folder / "key.json"
        self.write_key(account, key)
        node = NodeProcess(
            name="verifier",
            url=f"http://127.0.0.1:{port}",
            log=folder / "log.txt",
            command=[
                touchstone_command(),
                "verifier",
                "run",
                "--key",
                str(key),
                "--data",
                str(folder),
                "--listen",
                f"127.0.0.1:{port}",
                "--interval",
                "0.2",
                *(flag for folder in models for flag in ("--model", str(folder))),
            ],
            environment=self.environment(account),
            popen=self.popen,
        )
        node.start()
        self.nodes.append(node)
        return node

    def environment(self, account: int) -> dict[str, str]:
        """The variables with which a command finds this chain and opens that account's key."""
        return {
            "TOUCHSTONE_RPC_URL": self.rpc_url or self.devnet.url,
            "TOUCHSTONE_DEPLOYMENT": str(self.deployment_file),
            "TOUCHSTONE_HOME": str(self.folder / f"home-{account}"),
            PASSWORD_VARIABLE: _PASSWORD,
            "OMP_NUM_THREADS": "1",
        }

    def provider_account(self, number: int) -> str:
        """The address of provider `number`."""
        return self.devnet.account(10 + number).address

    def write_key(self, account: int, path: Path) -> None:
        """Writes the encrypted key of an account, which commands of this market can open."""
        # A cheap password hash: everybody knows these keys, and processes are to start at once.
        key = self.devnet.account(account).key
        path.write_text(json.dumps(Account.encrypt(key, _PASSWORD, kdf="scrypt", iterations=2)))
        path.chmod(0o600)


def _tier(offer: Offer) -> int:
    return tier_of(parse_tokens(offer.price))
