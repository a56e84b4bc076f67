"""What a verifier is told, and how its processes tell each other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from touchstone.errors import SettingsError

CONFIG_VARIABLE = "TOUCHSTONE_VERIFIER_CONFIG"


@dataclass(frozen=True, slots=True)
class VerifierConfig:
    """A verifier's settings.

    Attributes:
        rpc_url: the chain.
        deployment: the file with the contracts' addresses.
        key: key file of the account that pays for transactions.
        data: folder for the data base.
        broker: Celery's broker as Celery writes it.
        locks: the Redis that holds the locks, as Redis writes it.
        models: folders of compiled models that it re-executes.
        audit_share: share of jobs that are audited, 0 to 1.
        challenge: whether it disputes results that differ from its own.
        interval_s: seconds between two looks at the chain for due work.
    """

    rpc_url: str
    deployment: Path
    key: Path
    data: Path
    broker: str = ""
    locks: str = ""
    models: tuple[Path, ...] = ()
    audit_share: float = 1.0
    challenge: bool = True
    interval_s: float = 1.0

    @property
    def disputes(self) -> bool:
        """Whether it can and will take part in disputes."""
        return self.challenge and bool(self.models)

    @property
    def database(self) -> Path:
        """The data base's file."""
        return self.data / "verifier.sqlite"

    def to_environment(self) -> dict[str, str]:
        """For a child process. Holds no secret but what the RPC address may carry."""
        import json

        fields = {
            "rpc_url": self.rpc_url,
            "deployment": str(self.deployment),
            "key": str(self.key),
            "data": str(self.data),
            "broker": self.broker,
            "locks": self.locks,
            "models": [str(folder) for folder in self.models],
            "audit_share": self.audit_share,
            "challenge": self.challenge,
            "interval_s": self.interval_s,
        }
        return {CONFIG_VARIABLE: json.dumps(fields)}

    @classmethod
    def from_environment(cls) -> VerifierConfig:
        """In a child process. Raises SettingsError outside of one."""
        import json

        text = os.environ.get(CONFIG_VARIABLE)
        if text is None:
            raise SettingsError("a verifier's worker is started by `touchstone verifier run`")
        fields = json.loads(text)
        return cls(
            rpc_url=fields["rpc_url"],
            deployment=Path(fields["deployment"]),
            key=Path(fields["key"]),
            data=Path(fields["data"]),
            broker=fields["broker"],
            locks=fields["locks"],
            models=tuple(Path(folder) for folder in fields["models"]),
            audit_share=float(fields["audit_share"]),
            challenge=bool(fields["challenge"]),
            interval_s=float(fields["interval_s"]),
        )


def celery_url(redis_url: str) -> str:
    """A Redis address as Celery's transport writes it."""
    if redis_url.startswith("unix://"):
        return "redis+socket://" + redis_url.removeprefix("unix://")
    return redis_url
