"""Settings that all roles share, from environment variables: `TOUCHSTONE_RPC_URL` and so on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from touchstone.errors import SettingsError


def _home() -> Path:
    return Path.home() / ".touchstone"


class Settings(BaseSettings):
    """Where the chain is, and where Touchstone keeps its files."""

    model_config = SettingsConfigDict(env_prefix="TOUCHSTONE_", frozen=True, extra="ignore")

    rpc_url: str = "http://127.0.0.1:8545"
    """The chain's JSON-RPC endpoint."""
    home: Path = Field(default_factory=_home)
    """The folder for key files, data bases and the deployment file."""
    deployment: Path | None = None
    """The file with the contracts' addresses; by default `deployment.json` in `home`."""

    max_fee_gwei: Decimal = Field(default=Decimal(500), gt=0)
    """The most that a transaction may pay for one unit of gas; above it, transactions wait."""
    max_cost_ether: Decimal | None = Field(default=None, gt=0)
    """The most that one transaction may pay for gas in all."""
    finality: str | None = Field(default=None, pattern="^(latest|safe|finalized|[0-9]{1,4})$")
    """When a block counts as irrevocable: `latest`, `safe`, `finalized`, or a number of blocks on
    top of it. By default the newest on a development chain, `finalized` elsewhere."""

    @property
    def deployment_path(self) -> Path:
        """The deployment file that is in force."""
        return self.deployment or self.home / "deployment.json"

    @property
    def keys(self) -> Path:
        """The folder for key files, one JSON file for each key."""
        return self.home / "keys"


def load_settings() -> Settings:
    """The settings as the environment gives them.

    Raises:
        SettingsError: a variable has a value of the wrong form.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = ", ".join(
            f"TOUCHSTONE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()
        )
        raise SettingsError(f"settings that cannot be used: {wrong}") from error
