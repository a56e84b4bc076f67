"""A requester's command ends without a word between any two steps; another command goes on."""

import pytest

from tests.faults.harness import LONG, market, one_json
from touchstone.protocol.jobs import Phase

pytestmark = pytest.mark.long

POINTS = {
    "after the order is on disk": "requester.store:Store.add:after",
    "after it approved, before it opens": "touchstone.chain.market:Market.open:before",
    "after it opened": "requester.client:Client.resume:after",
    "after it delivered": "requester.delivery:Courier.deliver:after",
    "before it settles": "touchstone.chain.market:Market.settle:before",
}
if LONG:
    POINTS |= {
        "before the order is on disk": "requester.store:Store.add:before",
        "before it delivers": "requester.delivery:Courier.deliver:before",
        "after it settled": "requester.follow:read_outcome:before",
        "before it keeps the output": "requester.store:Store.keep_output:before",
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with market(tmp_path_factory.mktemp("market")) as built:
        yield built


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_a_killed_order_is_taken_up_and_paid_once(built, point):
    before = built.books()
    opened = set(_opened(built))
    home = built.folder / f"home-{len(opened)}-{list(POINTS.values()).index(point)}"
    mark = home.with_suffix(".killed")
    killed = built.command(
        "job", "submit", "--model", built.model, "--folder", str(built.model_folder), "the model",
        home=home, KILL_AT=point, KILL_MARK=str(mark),
    )  # fmt: skip
    assert killed.returncode == -9, killed.stdout + killed.stderr
    assert mark.exists()

    jobs = built.kept(home).all()
    if point.endswith("Store.add:before"):
        assert jobs == []
        built.check_books(before, [])
        return
    (stored,) = jobs
    first = one_json(built.command("job", "result", "0x" + stored.id.hex(), home=home))
    if LONG:
        again = one_json(built.command("job", "result", "0x" + stored.id.hex(), home=home))
        assert first["result"] == again["result"]
    assert set(_opened(built)) - opened == {"0x" + stored.id.hex()}
    assert built.phase(stored) is Phase.SETTLED
    built.check_books(before, [stored])
    built.signed_once(stored)


def test_a_killed_order_that_nobody_can_do_is_refunded_once(built):
    before = built.books()
    home, opened = built.folder / "home-refund", set(_opened(built))
    killed = built.command(
        "job", "submit", "--model", built.model, "--folder", str(built.model_folder), "the model",
        home=home, KILL_AT="requester.client:Client.resume:after",
        KILL_MARK=str(home.with_suffix(".killed")),
    )  # fmt: skip
    assert killed.returncode == -9
    for node in built.nodes:
        node.kill()
    (new,) = set(_opened(built)) - opened
    stored = built.kept(home).get(bytes.fromhex(new[2:]))
    last = built.state(stored).since + built.net.parameters.market.draw_blocks
    built.net.devnet.mine(last + 2 - built.net.devnet.w3.eth.block_number)
    for _ in range(2):
        one_json(built.command("job", "refund", new, home=home))
    assert built.phase(stored) is Phase.REFUNDED
    after = built.books()
    requester = built.net.devnet.account(1).address
    assert after.wallets[requester] == before.wallets[requester]
    assert after.stakes == before.stakes


def _opened(built) -> list[str]:
    """The jobs that were ever opened and paid."""
    market = built.net.market
    events = market.events(0, market.w3.eth.block_number, names=("Opened",))
    return ["0x" + bytes(event["args"]["job"]).hex() for event in events]
