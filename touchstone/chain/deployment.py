"""Where Touchstone's contracts stand on a chain, as a file that all roles read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from touchstone.chain.artifacts import load_artifact
from touchstone.chain.calls import Views
from touchstone.errors import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.contract import Contract


@dataclass(frozen=True, slots=True)
class Deployment:
    """One set of contracts that work together.

    Attributes:
        chain_id: the chain they are on.
        block: number of the block before the first of them: whoever reads their events starts here.
        contracts: address of each by its name in Solidity.
    """

    chain_id: int
    block: int
    contracts: Mapping[str, ChecksumAddress]

    def address(self, name: str) -> ChecksumAddress:
        """The address of the contract called `name`.

        Raises:
            DeploymentError: this deployment has none.
        """
        try:
            return self.contracts[name]
        except KeyError:
            raise DeploymentError(f"the deployment has no contract {name!r}") from None

    def contract(self, w3: Web3, name: str) -> Contract:
        """The contract called `name`, ready to be called over `w3`. Raises as `address` does."""
        return w3.eth.contract(address=self.address(name), abi=load_artifact(name).abi)

    def views(self, w3: Web3, name: str) -> Views:
        """The views of the contract called `name`. Raises as `address` does."""
        return Views(w3, self.address(name), load_artifact(name).abi)

    def save(self, path: Path) -> None:
        """Writes the file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Reads the file.

        Raises:
            DeploymentError: it is missing or not a deployment.
        """
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            contracts = {
                str(name): to_checksum_address(at) for name, at in fields["contracts"].items()
            }
            return cls(int(fields["chain_id"]), int(fields["block"]), contracts)
        except FileNotFoundError:
            raise DeploymentError(
                f"there is no deployment file {path}: "
                "run `touchstone devnet up`, or set TOUCHSTONE_DEPLOYMENT"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DeploymentError(
                f"{path} is not a deployment file ({type(error).__name__}: {error})"
            ) from error
