"""A provider's configuration: one TOML file that says who it is and what it offers.

[node]
key = "keys/provider.json"
endpoint = "https://node.example.org"
listen = "127.0.0.1:9000"
data = "data"

[[offers]]
model = "name@version"
folder = "models/name"
price = "0.01"
slots = 8
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from provider.offers import Offer
from touchstone.amounts import parse_tokens
from touchstone.errors import AmountError, NodeConfigError, ProtocolError
from touchstone.protocol.prices import tier_of

EXACT_EXECUTOR = "provider.executor:exact_executor"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeSection(_Section):
    """Who the node is, where it listens and what it computes on."""

    key: Path
    """Encrypted key file."""
    endpoint: str
    """The public address that requesters reach it at."""
    listen: str = "127.0.0.1:9000"
    """Host and port of the HTTP interface."""
    data: Path = Path("data")
    """Folder of the data base. Never run one key on two data folders: that risks the bond."""
    device: str = "cpu"
    threads: Annotated[int, Field(ge=1)] | None = None
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    """Seconds between two looks at the chain."""
    max_queued: Annotated[int, Field(ge=1)] = 64
    """Jobs that may wait for execution at once."""
    peer_connections: Annotated[int, Field(ge=1, le=256)] = 64
    """Connections that one peer may hold, of 256 in all. Behind a proxy of your own, which is one
    peer, let the proxy limit its clients and write 256 here."""
    keep_days: Annotated[int, Field(ge=1)] = 7
    """Days for which inputs and outputs of ended jobs are kept."""
    mirror_mib_s: Annotated[float, Field(ge=0)] = 32
    """MiB a second in which others may fetch the files of the models on offer; 0 serves none."""
    executor: str = EXACT_EXECUTOR
    """`package.module:factory` of what executes jobs."""

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must be an http or https address, like http://203.0.113.7:9000")
        return value.rstrip("/")

    @field_validator("listen")
    @classmethod
    def _has_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
            raise ValueError("must be host:port, like 127.0.0.1:9000")
        return value

    @property
    def host(self) -> str:
        """The host to listen at."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen at."""
        return int(self.listen.rpartition(":")[2])


class OfferSection(_Section):
    """One model offered at one price."""

    model: str
    """`name@version`, as the registry has it."""
    folder: Path
    """The compiled model."""
    price: str
    """Tokens for one unit of work, a rung of the price ladder."""
    shard: Annotated[int, Field(ge=0, lt=1 << 16)] = 0
    slots: Annotated[int, Field(ge=1, lt=1 << 16)] = 1
    """Jobs that may be bonded at once."""

    @field_validator("model")
    @classmethod
    def _names_a_version(cls, value: str) -> str:
        name, at, version = value.rpartition("@")
        if not (name and at and version):
            raise ValueError("must be name@version")
        return value

    @field_validator("price")
    @classmethod
    def _is_on_the_ladder(cls, value: str) -> str:
        try:
            tier_of(parse_tokens(value))
        except (AmountError, ProtocolError) as error:
            raise ValueError(
                f"{error}; prices are 1, 2 or 5 times a power of ten, like 0.01 or 0.05"
            ) from None
        return value


class ProviderConfig(_Section):
    """The whole file."""

    node: NodeSection
    offers: tuple[OfferSection, ...] = ()

    def resolved_offers(self) -> list[Offer]:
        """What is offered, in the terms of the chain."""
        return [
            Offer.of(o.model, o.shard, tier_of(parse_tokens(o.price)), o.slots, o.folder)
            for o in self.offers
        ]


def load_config(path: Path) -> ProviderConfig:
    """Reads the file. Relative paths in it are taken from its folder.

    Raises:
        NodeConfigError: it is missing, is no TOML, or breaks a rule: each with its place, the value
            and what would do.
    """
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
        config = ProviderConfig.model_validate(fields)
    except FileNotFoundError:
        raise NodeConfigError(
            f"there is no configuration {path}: make one with `touchstone provider init`"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NodeConfigError(f"{path} cannot be read as TOML: {error}") from None
    except ValidationError as error:
        raise NodeConfigError(f"{path}: {_problems(error)}") from None
    config = _anchored(config, path.absolute().parent)
    _require_distinct(path, config.resolved_offers())
    return config


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
        + ("" if e["type"] == "missing" else f" (it is {e['input']!r})")
        for e in error.errors()
    )


def _anchored(config: ProviderConfig, folder: Path) -> ProviderConfig:
    node = config.node.model_copy(
        update={"key": folder / config.node.key, "data": folder / config.node.data}
    )
    offers = tuple(o.model_copy(update={"folder": folder / o.folder}) for o in config.offers)
    return config.model_copy(update={"node": node, "offers": offers})


def _require_distinct(path: Path, offers: list[Offer]) -> None:
    for index, offer in enumerate(offers):
        if any(offer.pool == other.pool for other in offers[:index]):
            raise NodeConfigError(
                f"{path}: offers.{index}: {offer.label} shard {offer.shard} is offered twice at "
                "one price: give one offer with all its slots"
            )
