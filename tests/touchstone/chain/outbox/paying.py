"""A process that pays several times with one key: url, database, receiver, count, intent."""

import sys
from pathlib import Path

from tests.touchstone.chain.outbox.payments import AMOUNT, Payment
from touchstone.chain.devnet import Devnet
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender

ACCOUNT = 4


def main() -> None:
    url, database, to, count, intent = sys.argv[1:]
    path = Path(database) if database else None
    sender = Sender(connect(url), Devnet().account(ACCOUNT), path, poll_s=0.01)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(int(count)):
        sender.send(Payment(to), AMOUNT, key=intent or None)


if __name__ == "__main__":
    main()
