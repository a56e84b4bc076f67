"""A real local chain for development, tests and the demo: an anvil process of our own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from eth_account import Account
from web3.types import RPCEndpoint

from touchstone.chain.rpc import connect
from touchstone.errors import DevnetError, RpcUnreachableError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3

CHAIN_ID = 31337
DEV_MNEMONIC = "test test test test test test test test test test test junk"
"""Known to everybody: whatever its accounts hold on a public chain is gone at once."""

_START_TIMEOUT_S = 20
_STOP_TIMEOUT_S = 5
_MINED_AT_ONCE = 256
_LISTENING = re.compile(r"Listening on [^\s:]+:(\d+)")

# Anvil must not outlive us, even if we are killed. The shell below holds the reading end of a pipe;
# when the writing end, which only we have, is closed for whatever reason, it ends anvil. It removes
# the folder in which anvil kept past states: gigabytes of a long run.
_WATCHED = """
exec 3<&0
"$@" </dev/null 3<&- &
anvil=$!
( cat <&3 >/dev/null 2>&1; kill "$anvil" 2>/dev/null ) &
watcher=$!
wait "$anvil"
kill "$watcher" 2>/dev/null
rm -rf "$TOUCHSTONE_ANVIL_STATES"
"""


class Devnet:
    """A chain that lives as long as its block: `with Devnet() as devnet: devnet.w3.eth.chain_id`.

    Attributes:
        url: JSON-RPC address.
        w3: a connection to it.
        log: the file with anvil's output.
    """

    url: str
    w3: Web3

    def __init__(
        self,
        *,
        block_time: float | None = None,
        mixed: bool = False,
        port: int = 0,
        chain_id: int = CHAIN_ID,
        mnemonic: str = DEV_MNEMONIC,
        accounts: int = 10,
        block_gas: int | None = None,
        history: int | None = None,
        log: Path | None = None,
    ) -> None:
        """Describes the chain; `start` or `with` starts it.

        Args:
            block_time: seconds between blocks, fractions allowed; None mines one per transaction.
            mixed: with a block time, also mine a block at once for each transaction.
            port: 0 takes a free one.
            chain_id: the chain's number.
            mnemonic: from which the funded accounts derive.
            accounts: how many of them hold 10,000 ether.
            block_gas: gas of one block; None leaves it to anvil (30 million).
            history: past states to keep, each of which costs memory and time; None keeps all.
            log: where anvil's output goes; by default a temporary file, removed in `stop`.
        """
        if mixed and block_time is None:
            raise DevnetError("mixed mining needs a block time")
        self.chain_id = chain_id
        self.log = log
        self._block_time = block_time
        self._mixed = mixed
        self._port = port
        self._mnemonic = mnemonic
        self._accounts = accounts
        self._block_gas = block_gas
        self._history = history
        self._process: subprocess.Popen[bytes] | None = None
        self._temporary_log: Path | None = None
        self._states: str | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Starts anvil and returns once it answers.

        Raises:
            DevnetError: anvil is not installed or did not come up; with what it printed.
        """
        command = ["/bin/sh", "-c", _WATCHED, "anvil", *self._command()]
        if self.log is None:
            descriptor, name = tempfile.mkstemp(prefix="touchstone-anvil-", suffix=".log")
            os.close(descriptor)
            self.log = self._temporary_log = Path(name)
        states = tempfile.mkdtemp(prefix="touchstone-anvil-")
        command += ["--cache-path", states]
        with self.log.open("wb") as output:
            # A session of its own, so that Ctrl-C reaches us first and we can stop in good order.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "TOUCHSTONE_ANVIL_STATES": states},
            )
        self._states = states
        try:
            self.url = f"http://127.0.0.1:{self._wait_for_port(self._process, self.log)}"
            self.w3 = connect(self.url, self.chain_id)
        except (DevnetError, RpcUnreachableError):
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends the chain. Harmless if it is not running."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._states is not None:
            shutil.rmtree(self._states, ignore_errors=True)
            self._states = None
        if self._temporary_log is not None:
            self._temporary_log.unlink(missing_ok=True)
            self.log = self._temporary_log = None

    @property
    def running(self) -> bool:
        """Whether anvil is alive."""
        return self._process is not None and self._process.poll() is None

    def account(self, index: int) -> LocalAccount:
        """The funded account number `index`, with its key."""
        Account.enable_unaudited_hdwallet_features()
        path = f"m/44'/60'/0'/0/{index}"
        return cast("LocalAccount", Account.from_mnemonic(self._mnemonic, account_path=path))

    def mine(self, blocks: int = 1) -> None:
        """Mines blocks at once. They share one timestamp."""
        # In parts, since one call that mines thousands outlasts the time in which RPC must answer.
        for start in range(0, blocks, _MINED_AT_ONCE):
            self._request("anvil_mine", [hex(min(_MINED_AT_ONCE, blocks - start))])

    def increase_time(self, seconds: int) -> None:
        """Moves the clock on and mines a block that shows it."""
        self._request("evm_increaseTime", [hex(seconds)])
        self.mine()

    def _request(self, method: str, parameters: list[str]) -> None:
        answer = self.w3.provider.make_request(RPCEndpoint(method), parameters)
        if "error" in answer:
            raise DevnetError(f"{method} failed: {answer['error']}")

    def _command(self) -> list[str]:
        command = [str(find_anvil()), "--host", "127.0.0.1", "--port", str(self._port)]
        command += ["--chain-id", str(self.chain_id), "--accounts", str(self._accounts)]
        command += ["--mnemonic", self._mnemonic, "--color", "never"]
        # As on public chains: no transaction over 2^24 gas (EIP-7825).
        command.append("--enable-tx-gas-limit")
        if self._block_gas is not None:
            command += ["--gas-limit", str(self._block_gas)]
        if self._history is not None:
            command += ["--prune-history", str(self._history)]
        if self._block_time is not None:
            command += ["--block-time", f"{self._block_time:g}"]
        if self._mixed:
            command.append("--mixed-mining")
        return command

    @staticmethod
    def _wait_for_port(process: subprocess.Popen[bytes], log: Path) -> int:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            text = log.read_text(encoding="utf-8", errors="replace")
            if (match := _LISTENING.search(text)) is not None:
                return int(match[1])
            if ended:
                lines = [line for line in text.splitlines() if line.strip()] or ["nothing"]
                # Anvil names the cause first where it can, and ends with a hint or a trace.
                said = next((line for line in lines if "error" in line.lower()), lines[-1])
                raise DevnetError(
                    f"anvil ended at once and printed: {said.strip()}; is the port in use?"
                )
            time.sleep(0.02)
        raise DevnetError(f"anvil did not listen within {_START_TIMEOUT_S} seconds")


def find_anvil() -> Path:
    """The anvil program: the one that scripts/setup installed, or else one on the PATH.

    Raises:
        DevnetError: there is none.
    """
    modules = Path(__file__).resolve().parents[2] / "node_modules" / "@foundry-rs"
    # The npm package `anvil` is a launcher; the program itself is in a package for each platform.
    for program in sorted(modules.glob("anvil-*/bin/anvil")):
        if os.access(program, os.X_OK):
            return program
    on_path = shutil.which("anvil")
    if on_path is None:
        raise DevnetError(
            "anvil is not installed: run scripts/setup, or put Foundry's anvil on the PATH"
        )
    return Path(on_path)
