"""Starts the `touchstone` command, or a module of ours, in a process of its own, without the
seconds that each would spend on importing: one that has imported everything is forked for each.

What starts is what `subprocess.Popen` would have started, in a session of its own, with its own
variables, folder and files. It is not our child: the process that forked it tells how it ended.
What must see modules being imported needs an interpreter that begins at the beginning.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.zygote import MESSAGE, NUMBER
from touchstone.localnet.node import touchstone_command

ROOT = Path(__file__).resolve().parents[2]
_ZYGOTE = "from tests.support.zygote import main; main()"


class Forked:
    """A process as `subprocess.Popen` shows it."""

    def __init__(self, command: Sequence[str], channel: socket.socket) -> None:
        self.args, self.returncode = command, None
        self._channel = channel
        self.pid = self._heard(None)

    def poll(self) -> int | None:
        """How it ended, or None."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Waits until it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            try:
                self.returncode = self._heard(timeout)
            except (BlockingIOError, TimeoutError) as error:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from error
            self._channel.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _heard(self, timeout: float | None) -> int:
        self._channel.settimeout(timeout)
        return NUMBER.unpack(self._channel.recv(NUMBER.size))[0]


class Zygote:
    """The process that is forked."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _ZYGOTE, str(theirs.fileno())],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._lock = threading.Lock()
        atexit.register(self.close)

    def close(self) -> None:
        """Ends it; what it has started goes on."""
        self._control.close()
        self._process.wait()

    def start(
        self, command: Sequence[str], env: Mapping[str, str], cwd: str, files: Sequence[int]
    ) -> Forked:
        """Forks it, with these descriptors for its three files."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps({"command": list(command), "env": dict(env), "cwd": cwd}).encode()
        assert len(request) < MESSAGE
        with theirs, self._lock:
            socket.send_fds(self._control, [request], [*files, theirs.fileno()])
        return Forked(command, ours)


@cache
def _zygote() -> Zygote:
    return Zygote()


def popen(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: Any,
    stderr: Any,
    start_new_session: bool = True,
) -> Any:
    """`subprocess.Popen` of `touchstone ...` or `python -m MODULE ...`, whose input is empty."""
    known = command[0] == touchstone_command() or list(command[:2]) == [sys.executable, "-m"]
    assert known, f"neither the touchstone command nor a module: {command}"
    assert (stdin, start_new_session) == (subprocess.DEVNULL, True)
    stderr = stdout if stderr == subprocess.STDOUT else stderr
    with Path(os.devnull).open("rb") as nothing:
        files = [nothing.fileno(), stdout.fileno(), stderr.fileno()]
        return _zygote().start(command, env or os.environ, str(cwd or Path.cwd()), files)


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 120,
    popen: Callable[..., Any] = popen,
) -> subprocess.CompletedProcess[str]:
    """`subprocess.run`: the command to its end, and what it printed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, status, out.read(), err.read())
