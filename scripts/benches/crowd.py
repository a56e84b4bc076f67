"""Very many providers, for the benches: each pledges by an ordinary transaction of its own.

Their ether, their free stake and a first earning are written into the chain's storage, since the
transactions for these would change nothing that is measured and take many minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count, islice
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from coincurve import PrivateKey
from eth_abi import encode
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from rich.progress import track

from scripts.benches.gas_world import PARAMETERS
from touchstone.protocol.ids import pool_id
from touchstone.protocol.prices import bond

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from rich.console import Console

    from scripts.benches.gas_world import World

_T = TypeVar("_T")
_FIRST_KEY = 1 << 200
_FREE_STAKE_SLOT = 0
"""Of the vault."""
_MATURING_SLOT = 0
"""Of the market: bucket (32 bits), newest and previous earnings (112 bits each)."""
_PLEDGE_GAS = 280_000
_PER_BLOCK = 2_000
_PER_REQUEST = 1_000
_SPARE_BLOCKS = 4


class Crowd(Mapping["ChecksumAddress", "LocalAccount"]):
    """The keys of many providers, by address."""

    def __init__(self, size: int) -> None:
        self._keys = {_address(key): key for key in range(_FIRST_KEY, _FIRST_KEY + size)}

    def __getitem__(self, address: ChecksumAddress) -> LocalAccount:
        return Account.from_key(self._keys[address].to_bytes(32, "big"))

    def __iter__(self) -> Iterator[ChecksumAddress]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def join(world: World, size: int, slots: int, console: Console) -> Crowd:
    """Adds `size` providers of `slots` slots each to the world's pool, from the next epoch on."""
    crowd = Crowd(size)
    stake = encode(["uint256"], [slots * bond(world.tier)])
    bucket = world.devnet.w3.eth.get_block("latest")["timestamp"] // (
        world.market.parameters.delivery_window
    )
    earning = bucket.to_bytes(4, "big")
    maturing = (b"\1" + earning).rjust(32, b"\0")
    pledge = world.vault.pledge(world.model, 0, world.tier, slots)
    data = pledge.build_transaction({"from": next(iter(crowd)), "gas": 1, "gasPrice": 1})["data"]
    rpc = _Rpc(world.devnet.url)
    rpc.send([("anvil_autoImpersonateAccount", [True]), ("evm_setAutomine", [False])])
    market = world.market.domain.market
    blocks = list(_batched(crowd, _PER_BLOCK))
    # Blocks are slow once the state is large: the epoch is to end right after the last pledge.
    epoch = PARAMETERS.epoch_blocks
    height = world.devnet.w3.eth.block_number
    world.devnet.mine((-height - len(blocks) - _SPARE_BLOCKS) % epoch)
    for block in track(blocks, f"{size} providers pledge", console=console):
        # One request each: the chain answers the calls of one in any order.
        rpc.send(
            call
            for address in block
            for call in (
                ("anvil_setBalance", [address, hex(10**20)]),
                _write(world.vault.address, address, _FREE_STAKE_SLOT, stake),
                _write(market, address, _MATURING_SLOT, maturing),
            )
        )
        fields = {"to": world.vault.address, "data": data, "gas": hex(_PLEDGE_GAS)}
        rpc.send(("eth_sendTransaction", [{**fields, "from": address}]) for address in block)
        rpc.send([("evm_mine", [])])
    rpc.send([("evm_setAutomine", [True]), ("anvil_autoImpersonateAccount", [False])])
    pool = pool_id(world.model, 0, world.tier)
    wanted = size * slots
    world.devnet.mine(-world.devnet.w3.eth.block_number % epoch)
    found = world.vault.views.call("totalWeight", pool)
    if found < wanted:
        raise RuntimeError(f"of {wanted} slots only {found} were pledged")
    return crowd


def _address(key: int) -> ChecksumAddress:
    public = PrivateKey.from_int(key).public_key.format(compressed=False)
    return to_checksum_address(keccak(public[1:])[12:])


def _write(
    contract: str, account: ChecksumAddress, slot: int, value: bytes
) -> tuple[str, list[Any]]:
    """Writes the entry of a mapping by address."""
    place = keccak(encode(["address", "uint256"], [account, slot]))
    return "anvil_setStorageAt", [contract, "0x" + place.hex(), "0x" + value.hex()]


def _batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class _Rpc:
    """Many calls in one request."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._ids = count()

    def send(self, calls: Iterable[tuple[str, list[Any]]]) -> None:
        """Raises RuntimeError where any fails."""
        for some in _batched(calls, _PER_REQUEST):
            batch = [
                {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
                for method, params in some
            ]
            answers = self._session.post(self._url, json=batch, timeout=300).json()
            for answer in answers:
                if "error" in answer:
                    raise RuntimeError(f"the chain refused: {answer['error']}")
