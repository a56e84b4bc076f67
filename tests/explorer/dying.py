"""An indexer that is killed at its n-th step in the data base: `python -m tests.explorer.dying`.

Steps are the statements and commits of the writer, so that it dies between batches and within.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from explorer.config import ExplorerConfig
from explorer.service import open_explorer


def main(rpc: str, deployment: str, database: str, blocks: str, steps: str) -> None:
    config = ExplorerConfig(rpc, Path(deployment), database, most_blocks=int(blocks))
    opened, left = open_explorer(config), int(steps)

    def step(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(opened.database.writer, "before_cursor_execute", step)
    event.listen(opened.database.writer, "commit", step)
    opened.indexer.catch_up()


if __name__ == "__main__":
    main(*sys.argv[1:])
