import os
import signal
import subprocess
import sys
import time

import pytest
from web3.exceptions import Web3RPCError

from touchstone.chain import devnet as module
from touchstone.chain.devnet import Devnet
from touchstone.chain.rpc import connect
from touchstone.chain.sender import TRANSACTION_GAS_CAP
from touchstone.errors import DevnetError, RpcUnreachableError, WrongChainError


def test_blocks_and_time_move_on_demand(devnet):
    before = devnet.w3.eth.get_block("latest")
    devnet.mine(3)
    devnet.increase_time(1_000)
    after = devnet.w3.eth.get_block("latest")

    assert after["number"] == before["number"] + 4
    assert after["timestamp"] - before["timestamp"] >= 1_000


def test_the_accounts_are_funded(devnet):
    assert devnet.account(0).address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert devnet.w3.eth.get_balance(devnet.account(9).address) > 10**21


def test_the_gas_cap_of_a_transaction_holds_as_on_public_chains(devnet):
    account = devnet.account(8)
    transaction = {
        "to": account.address,
        "gas": TRANSACTION_GAS_CAP + 1,
        "nonce": 0,
        "chainId": devnet.chain_id,
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 1,
    }

    with pytest.raises(Web3RPCError, match="gas"):
        devnet.w3.eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction)


def test_a_block_time_may_be_a_fraction_of_a_second():
    with Devnet(block_time=0.1) as devnet:
        deadline = time.monotonic() + 10
        while devnet.w3.eth.block_number < 3 and time.monotonic() < deadline:
            time.sleep(0.02)

        assert devnet.w3.eth.block_number >= 3


def test_the_chain_id_can_be_chosen_and_is_checked():
    with Devnet(chain_id=77) as devnet:
        assert connect(devnet.url, 77).eth.chain_id == 77
        with pytest.raises(WrongChainError, match="serves chain 77, not chain 1"):
            connect(devnet.url, 1)


def test_nothing_is_left_after_stop(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    devnet = Devnet().start()
    url, log = devnet.url, devnet.log
    assert [path.is_dir() for path in sorted(tmp_path.iterdir())].count(True) == 1
    devnet.stop()
    devnet.stop()

    assert not devnet.running
    assert not list(tmp_path.iterdir())
    assert log is not None
    assert not log.exists()
    with pytest.raises(RpcUnreachableError, match="touchstone devnet up"):
        connect(url)


def test_a_given_log_file_is_kept(tmp_path):
    with Devnet(log=tmp_path / "anvil.log"):
        pass

    assert "Listening on" in (tmp_path / "anvil.log").read_text()


def test_a_taken_port_is_reported(devnet):
    port = int(devnet.url.rpartition(":")[2])

    with pytest.raises(DevnetError, match=r"(?i)in use"):
        Devnet(port=port).start()


def test_anvil_and_its_states_die_with_a_killed_parent(tmp_path):
    script = (
        "import time; from touchstone.chain.devnet import Devnet\n"
        "d = Devnet().start(); print(d.url, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert connect(url)
        assert any(path.is_dir() for path in tmp_path.iterdir())
        parent.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            connect(url)
        except RpcUnreachableError:
            if not any(path.is_dir() for path in tmp_path.iterdir()):
                return
        time.sleep(0.05)
    pytest.fail("anvil outlived its parent, or left its states behind")


def test_a_missing_anvil_names_the_fix(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "__file__", str(tmp_path / "a" / "b" / "devnet.py"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(DevnetError, match="run scripts/setup"):
        Devnet().start()


def test_mixed_mining_needs_a_block_time():
    with pytest.raises(DevnetError, match="block time"):
        Devnet(mixed=True)
