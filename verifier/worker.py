"""A worker process: `python -m verifier.worker QUEUE POOL CONCURRENCY`, with the settings of
`touchstone verifier run` in its environment."""

from __future__ import annotations

import logging
import sys

from verifier.tasks import main


def run(queue: str, pool: str, concurrency: str) -> None:
    """Works until it is told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    main(
        [
            "worker",
            f"--hostname={queue}@%h",
            f"--queues={queue}",
            f"--pool={pool}",
            f"--concurrency={concurrency}",
            "--loglevel=INFO",
            "--without-gossip",
            "--without-mingle",
        ]
    )


if __name__ == "__main__":
    run(*sys.argv[1:])
