"""Audits: what is sampled, and what a real verifier finds out about real results."""

import math
import time
from types import SimpleNamespace

import httpx
import numpy as np
import pytest

from requester.client import Client
from tests.support.tiny_model import compile_tiny, exact, publisher_of, slightly_wrong
from tests.support.world import small_world
from tests.verifier.running import verifier_process
from touchstone.errors import SettingsError
from touchstone.protocol.ids import JobId
from touchstone.protocol.inputs import REFUSED, output_of
from touchstone.protocol.jobs import Phase
from touchstone.protocol.payload import encode_payload, payload_root
from verifier.audit import audit, compare, is_sampled, models_in

SALT = b"s" * 32


def test_the_sample_is_the_same_for_everybody_and_has_the_asked_share():
    jobs = [JobId(bytes([i, j]) * 16) for i in range(40) for j in range(40)]
    chosen = [job for job in jobs if is_sampled(job, b"seed", 0.25)]

    assert chosen == [job for job in jobs if is_sampled(job, b"seed", 0.25)]
    assert 0.2 < len(chosen) / len(jobs) < 0.3
    assert set(chosen) <= {job for job in jobs if is_sampled(job, b"seed", 0.5)}


def test_nothing_and_everything_can_be_sampled():
    assert not is_sampled(JobId(b"j" * 32), b"seed", 0)
    assert is_sampled(JobId(b"\xff" * 32), b"seed", 1)


def test_the_seats_that_claimed_something_else_are_named():
    verdict, detail = compare(b"r" * 32, {0: b"r" * 32, 2: b"x" * 32})
    assert (verdict, detail["wrong_seats"]) == ("differs", [2])
    assert compare(b"r" * 32, {0: b"r" * 32})[0] == "agrees"


@pytest.mark.parametrize("payload", [b"garbage", encode_payload([np.ones(9, np.int32)])])
def test_an_input_that_breaks_a_rule_is_audited_like_any_other(payload):
    kept, claimed = {}, payload_root(REFUSED, SALT)
    settled = {"event": "Settled", "args": {"outputRoot": claimed, "paid": 0b11}}
    watch = SimpleNamespace(
        market=SimpleNamespace(
            job=lambda _: SimpleNamespace(phase=Phase.SETTLED, seed=b"seed", providers={}),
            events=lambda *_: [settled],
        ),
        w3=SimpleNamespace(eth=SimpleNamespace(block_number=1)),
        store=SimpleNamespace(
            input=lambda _: (payload, SALT),
            keep_audit=lambda job, verdict, detail, disputed: kept.update({job: (verdict, detail)}),
        ),
        published=lambda _: SimpleNamespace(unit_rows=8, max_rows=32),
    )
    order = SimpleNamespace(model=b"m" * 32, units=1, deferred=False)
    job = SimpleNamespace(id=JobId(b"j" * 32), order=order, opened_block=0)

    def execute(batch):
        raise AssertionError("there is nothing to execute")

    def answer(order, model, payload, draft):
        return output_of(order, model, payload, execute)

    assert audit(watch, job, answer, 1) == "agrees"
    assert kept[job.id][1]["wrong_seats"] == []


def test_a_folder_that_is_no_model_is_named_before_the_verifier_starts(tmp_path):
    with pytest.raises(SettingsError, match="not a compiled model"):
        models_in([tmp_path])


@pytest.mark.parametrize("lies", [False, True])
def test_a_verifier_finds_out_who_was_right(tmp_path, lies):
    folder = compile_tiny(tmp_path / "tiny")
    models = [exact(folder), exact(folder), slightly_wrong(folder) if lies else exact(folder)]
    with small_world(models, publish=publisher_of(folder)) as world:
        process = verifier_process(world, tmp_path / "verifier", "--model", str(folder))
        process.start()
        try:
            process.wait_ready()
            client = Client(
                world.devnet.w3,
                world.deployment,
                world.requester,
                tmp_path / "requester",
                verifiers=[process.url],
                patience_s=math.inf,
                poll_s=0.1,
            )
            job = client.submit(["a b", "c"], "tiny@1", model_folder=folder)
            outcome = client.wait(job, timeout=90)
            found = wait_for_audit(process.url)
            told = httpx.get(f"{process.url}/jobs/{found['job']}").json()
        finally:
            process.stop()

    assert found["job"] == "0x" + job.id.hex()
    assert told["audit"] == found
    # A dispute may need the input.
    assert told["input"] is lies
    if lies:
        assert told["dispute"]["doing"] == "watch"
        assert found["verdict"] == "differs"
        (seat,) = found["wrong_seats"]
        assert found["providers"][str(seat)] == world.nodes[2].account.address
    else:
        assert told["dispute"] is None
        assert found["verdict"] == "agrees"
        assert found["output_root"] == "0x" + outcome.output_root.hex()


def wait_for_audit(url):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        audits = httpx.get(f"{url}/audits").json()
        if audits:
            return audits[0]
        time.sleep(0.2)
    raise AssertionError("no audit was made")
