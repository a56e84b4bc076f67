"""A node served by a real uvicorn, inside the test's process."""

import socket
import threading
import time
from contextlib import closing, contextmanager

import httpx
import uvicorn

from provider.node import Node, Place


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds: float = 15, what: str = "it"):
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class Running:
    """A node that runs, and a client for it."""

    def __init__(self, node: Node, account, port: int) -> None:
        self.node = node
        self.account = account
        self.port = port
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)

    def deliver(self, world, job, **headers):
        return self.client.put(
            f"{job.path}/input", content=job.payload, headers={**world.delivery(job), **headers}
        )

    def status(self, job) -> dict:
        return self.client.get(job.path).json()

    def committed(self, job) -> dict:
        """The job's status once the node has committed for the newest draw."""

        def look():
            status = self.status(job)
            return status if status.get("commit") else None

        return wait_until(look, what="the commitment")


@contextmanager
def running_node(world, account, config):
    """Starts a node for `account` and serves it."""
    node = Node(config, account, Place(world.w3, world.deployment))
    server = uvicorn.Server(
        uvicorn.Config(
            node.app, host="127.0.0.1", port=config.node.port, log_level="warning", ws="none"
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    node.start()
    thread.start()
    try:
        wait_until(lambda: server.started, what="the server's start")
        running = Running(node, account, config.node.port)
        with closing(running.client):
            yield running
    finally:
        server.should_exit = True
        thread.join(10)
        node.stop()
