"""A role's process: started with the `touchstone` command, watched until it answers, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from touchstone.errors import LocalnetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Popen = Callable[..., subprocess.Popen[bytes]]

_STOP_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Offer:
    """What a local provider offers, as its configuration file says it.

    Attributes:
        model: `name@version`.
        folder: the compiled model.
        price: tokens for one unit of work, in decimal.
        slots: jobs that may be bonded at once.
        shard: which shard of the model.
    """

    model: str
    folder: Path
    price: str
    slots: int = 64
    shard: int = 0


@dataclass(slots=True)
class NodeProcess:
    """One running process.

    Attributes:
        name: what it is called in messages.
        url: where it serves.
        log: the file with its output.
        command: what was started.
        environment: variables besides those of this process.
        popen: what starts it, as `subprocess.Popen` does.
    """

    name: str
    url: str
    log: Path
    command: Sequence[str]
    environment: Mapping[str, str]
    popen: Popen = field(default=subprocess.Popen, repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Starts it; `wait_ready` says when it serves."""
        with self.log.open("ab") as output:
            self._process = self.popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def wait_ready(self, timeout_s: float = 90) -> dict[str, Any]:
        """What its `/health` says, once it answers.

        Raises:
            LocalnetError: it ended or did not answer in time; with the end of its output.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise LocalnetError(f"{self.name} ended at once:\n{self.tail()}")
            try:
                answer = httpx.get(f"{self.url}/health", timeout=2)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
            time.sleep(0.05)
        raise LocalnetError(f"{self.name} did not answer in {timeout_s} s:\n{self.tail()}")

    @property
    def running(self) -> bool:
        """Whether it is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id. Raises LocalnetError where it does not run."""
        if self._process is None:
            raise LocalnetError(f"{self.name} does not run")
        return self._process.pid

    def kill(self) -> None:
        """Ends it and all its children without warning, as a power cut would."""
        self._end(signal.SIGKILL)

    def ask_to_end(self) -> None:
        """Asks it to end, and does not wait."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Asks it to end, and ends it if it does not."""
        self._end(signal.SIGTERM)

    def _end(self, first: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for kind in (first, signal.SIGKILL):
            try:
                os.killpg(process.pid, kind)
                process.wait(_STOP_TIMEOUT_S)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
            else:
                break
        process.wait()

    def tail(self, lines: int = 20) -> str:
        """The last lines of its output."""
        if not self.log.exists():
            return "(no output)"
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def touchstone_command() -> str:
    """The `touchstone` program beside this Python.

    Raises:
        LocalnetError: the project is not installed here.
    """
    program = Path(sys.executable).parent / "touchstone"
    if not program.exists():
        raise LocalnetError(f"{program} does not exist: install the project into this environment")
    return str(program)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
