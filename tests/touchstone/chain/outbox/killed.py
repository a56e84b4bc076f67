"""A process that pays once and kills itself on the way: url, database, receiver, key, moment."""

import os
import signal
import sys
from pathlib import Path

from tests.touchstone.chain.outbox.payments import AMOUNT, Payment
from touchstone.chain.devnet import Devnet
from touchstone.chain.outbox.node import Node
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender

ACCOUNT = 3


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    url, database, to, key, moment = sys.argv[1:]
    broadcast, receipt = Node.broadcast, Node.receipt

    def killed_broadcast(self, attempt):
        if moment == "stored":
            die()
        answer = broadcast(self, attempt)
        if moment == "broadcast":
            die()
        return answer

    def killed_receipt(self, row):
        found = receipt(self, row)
        if found is not None:
            die()
        return found

    Node.broadcast, Node.receipt = killed_broadcast, killed_receipt
    sender = Sender(connect(url), Devnet().account(ACCOUNT), Path(database), poll_s=0.01)
    sender.send(Payment(to), AMOUNT, key=key or None)


if __name__ == "__main__":
    main()
