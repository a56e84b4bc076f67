"""The process that `warm` forks for each `touchstone` command: it has imported everything."""

from __future__ import annotations

import gc
import json
import os
import selectors
import socket
import struct
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from runpy import run_module, run_path
from typing import Any

MESSAGE = 1 << 17
"""Bytes of a request, at most: JSON with `command`, `env` and `cwd`. With it come its three files,
and the socket on which it is answered."""
NUMBER = struct.Struct("<q")
"""An answer: the process id, and later how it ended."""
_MODULES = (
    "touchstone.cli.app",
    "touchstone.cli.model",
    "touchstone.compilers",
    "touchstone.engines",
    "touchstone.engines.native.encoder_selftest",
    "touchstone.engines.native.engine",
    "touchstone.engines.runner",
    "touchstone.players.keeper",
    "touchstone.players.standing",
    "touchstone.receipts",
    "explorer.cli",
    "explorer.service",
    "provider.cli",
    "provider.node",
    "requester.cli",
    "requester.client",
    "verifier.cli",
    "verifier.service",
    "coincurve",
    "httpcore",
)


def _serve(control: socket.socket) -> dict[str, Any] | None:
    """Forks for each request until there are no more. Returns one in each process that is to
    follow it, None in this process at its end."""
    with selectors.DefaultSelector() as ends:
        ends.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in ends.select():
                if key.fileobj is not control:
                    pid, channel = key.data
                    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                    ends.unregister(key.fileobj)
                    os.close(key.fd)
                    _tell(channel, status)
                    channel.close()
                    continue
                message, files, _, _ = socket.recv_fds(control, MESSAGE, 4)
                if not message:
                    return None
                pid = os.fork()
                if pid == 0:
                    control.close()
                    for other in ends.get_map().values():
                        if other.data:
                            os.close(other.fd)
                            other.data[1].close()
                    return {**json.loads(message), "files": files}
                *standard, channel_fd = files
                for file in standard:
                    os.close(file)
                channel = socket.socket(fileno=channel_fd)
                _tell(channel, pid)
                ends.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, channel))


def _tell(channel: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # Whoever started it may no longer want to know.
        channel.send(NUMBER.pack(number))


def _become(request: dict[str, Any]) -> None:
    """Takes the request's session, files, variables, folder and import paths."""
    os.setsid()
    for number, file in enumerate(request["files"][:3]):
        os.dup2(file, number)
    for file in request["files"]:
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [path for path in paths if path and path not in sys.path]
    for file in (Path(path, "sitecustomize.py") for path in paths if path):
        if file.exists():
            run_path(str(file))


def _follow(command: list[str]) -> None:
    if command[1] == "-m":
        sys.argv = command[2:]
        run_module(command[2], run_name="__main__", alter_sys=True)
        return
    from touchstone.cli.app import main as touchstone

    sys.argv = command
    touchstone()


def main() -> None:
    """Serves until the one that started it is gone; a process that was forked runs its command."""
    for name in _MODULES:
        import_module(name)
    gc.freeze()
    request = _serve(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        _become(request)
        _follow(request["command"])
