import signal
import subprocess
import sys

import pytest

from tests.support import warm
from tests.touchstone.chain.outbox import killed, paying
from tests.touchstone.chain.outbox.payments import AMOUNT, Payment, paid, stranger
from touchstone.chain.outbox import Policy, State
from touchstone.chain.sender import Sender

MOMENTS = ("stored", "broadcast", "mined")


def pay_and_die(devnet, database, to, key, moment):
    arguments = [devnet.url, str(database), to, key, moment]
    command = [sys.executable, "-m", "tests.touchstone.chain.outbox.killed", *arguments]
    ended = warm.run(command, timeout=60)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def restarted(devnet, database):
    account = devnet.account(killed.ACCOUNT)
    return Sender(devnet.w3, account, database, poll_s=0.01, policy=Policy(look_every=0))


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_is_sent_again_after_a_crash_is_paid_once(devnet, tmp_path, moment):
    to, database = stranger(), tmp_path / "role" / "outbox.sqlite"
    pay_and_die(devnet, database, to, "pay", moment)
    nonce = devnet.w3.eth.get_transaction_count(devnet.account(killed.ACCOUNT).address)
    assert paid(devnet, to) == (moment != "stored")

    receipt = restarted(devnet, database).send(Payment(to), AMOUNT, key="pay")

    assert receipt["status"] == 1
    assert paid(devnet, to) == 1
    after = devnet.w3.eth.get_transaction_count(devnet.account(killed.ACCOUNT).address)
    assert after == nonce + (moment == "stored")


@pytest.mark.parametrize(("moment", "key"), list(zip(MOMENTS, ("pay", "", ""), strict=True)))
def test_what_a_killed_process_left_is_done_once_by_the_next(devnet, tmp_path, moment, key):
    to, database = stranger(), tmp_path / "outbox.sqlite"
    pay_and_die(devnet, database, to, key, moment)

    sender = restarted(devnet, database)
    [left] = sender.outbox.pending()
    for _ in range(3):
        sender.outbox.tend()

    assert left.state in (State.INTENDED, State.BROADCAST)
    assert sender.outbox.pending() == []
    assert paid(devnet, to) == 1
    sender.send(Payment(to), AMOUNT)
    assert paid(devnet, to) == 2


def pay_at_once(devnet, databases, to, count, intent=""):
    """Processes that begin to pay at the same moment, one for each database."""
    module = "tests.touchstone.chain.outbox.paying"
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module, devnet.url, str(database), to, str(count), intent],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for database in databases
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        with process:
            assert process.wait(90) == 0


@pytest.mark.parametrize("databases", [("one", "one"), ("one", "other"), ("", "")])
def test_processes_with_one_key_never_use_a_nonce_twice(devnet, tmp_path, databases):
    to, address = stranger(), devnet.account(paying.ACCOUNT).address
    nonce = devnet.w3.eth.get_transaction_count(address)

    pay_at_once(devnet, [d and tmp_path / d for d in databases], to, count=8)

    assert paid(devnet, to) == 16
    assert devnet.w3.eth.get_transaction_count(address) == nonce + 16


def test_two_processes_with_one_intent_pay_once(devnet, tmp_path):
    to = stranger()

    pay_at_once(devnet, [tmp_path / "one"] * 2, to, count=3, intent="rent")

    assert paid(devnet, to) == 1
