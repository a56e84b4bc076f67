"""A language model in the market: real node processes write, a requester reads along."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest

from requester.client import Client
from requester.opening import Ordering
from requester.stages import Stage, prove
from requester.writing import write
from tests.e2e.market import PARAMETERS, ROOT, stake_of
from tests.support import warm
from tests.support.commands import Commands
from tests.touchstone.compilers.tiny_decoder import STOP, write_tiny
from touchstone.amounts import parse_tokens
from touchstone.compilers import Options, compile_model
from touchstone.coordination.peers import Peer
from touchstone.engines.runner import make_runner
from touchstone.errors import RequestError, ResultUnavailableError
from touchstone.localnet import Localnet, Offer
from touchstone.programs import load_model
from touchstone.protocol.generation import Prompt, Sampling, encode_prompts
from touchstone.protocol.jobs import Phase
from touchstone.protocol.prices import bond, tier_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from requester.store import StoredJob

HONEST, WITH_LIAR = "0.01", "0.02"
PROMPTS = [np.array([10, 20, 30], np.int32), np.array([7], np.int32)]


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    write_tiny(folder / "source")
    compile_model(folder / "source", folder / "model", "tiny", "1", Options(cuts=[1]))
    # Machine code is made once and kept: nodes that start together would each make it.
    make_runner(load_model(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Iterator[Localnet]:
    folder = tmp_path_factory.mktemp("net")
    with Localnet(folder, parameters=PARAMETERS, block_time=0.25) as net:
        net.popen = warm.popen
        label = net.publish(model_folder)
        net.fund(1)
        for number in range(3):
            parts = [Offer(label, model_folder, HONEST, 16, shard) for shard in range(3)]
            parts += [Offer(label, model_folder, WITH_LIAR, 16, 1)]
            parts += [Offer(label, model_folder, WITH_LIAR, 16, 2)] if number < 2 else []
            net.add_provider(parts)
        net.add_provider(
            [Offer(label, model_folder, WITH_LIAR, 16, 2)],
            executor="tests.cheats.executors:shard_tamperer",
            python_path=ROOT,
        )
        net.add_verifier([model_folder])
        for node in net.nodes:
            node.wait_ready()
        net.next_epoch()
        yield net


@pytest.fixture(scope="module")
def client(net: Localnet) -> Client:
    return Client(
        net.devnet.w3,
        net.deployment,
        net.devnet.account(1),
        net.folder / "requester",
        verifiers=[net.nodes[-1].url],
        patience_s=1,
        poll_s=0.1,
    )


def expected(folder: Path, sampling: Sampling) -> list[list[int]]:
    prompts = [
        Prompt(tokens, Sampling(*_changed(sampling, index))) for index, tokens in enumerate(PROMPTS)
    ]
    outputs = make_runner(load_model(folder)).run(encode_prompts(prompts))
    return [output.tolist() for output in outputs]


def _changed(sampling: Sampling, index: int) -> tuple[int, int, int, int]:
    seed = sampling.seed + index
    return sampling.max_new, sampling.inverse_temperature, sampling.cut_off, seed


def watched(client: Client, job: StoredJob) -> dict[int, list[int]]:
    """Waits until the job has settled; returns what could be read meanwhile."""
    seen: dict[int, list[int]] = {}

    def saw(prompt: int, tokens: Sequence[int]) -> None:
        seen.setdefault(prompt, []).extend(tokens)

    with client.watching(job, saw):
        outcome = client.wait(job, 120)
    assert outcome.settled, outcome
    return seen


@pytest.mark.parametrize(
    ("sampling", "how"),
    [
        (Sampling.of(12), {"replicas": 3}),
        (Sampling.of(9, temperature=0.9, min_p=0.02, seed=77), {"replicas": 2}),
        (Sampling.of(5, temperature=1.5, seed=2**64 - 1), {"replicas": 1}),
    ],
)
def test_what_providers_write_is_read_along_and_settles(client, model_folder, sampling, how):
    job = client.generate(PROMPTS, "tiny@1", sampling, price=parse_tokens(HONEST), **how)
    seen = watched(client, job)
    found = [output.tolist() for output in client.result(job)]
    assert found == expected(model_folder, sampling)
    for prompt, tokens in seen.items():
        assert tokens == [token for token in found[prompt] if token >= 0]


def test_a_verifier_finds_an_answer_right_by_reading_it(net, client):
    job = client.generate(PROMPTS, "tiny@1", Sampling.of(8), price=parse_tokens(HONEST))
    assert client.wait(job, 120).settled
    url = f"{net.nodes[-1].url}/jobs/0x{job.id.hex()}"
    for _ in range(300):
        audit = httpx.get(url).json()["audit"]
        if audit is not None:
            break
    assert audit["verdict"] == "agrees" and audit["wrong_seats"] == []


def test_shards_prove_what_the_whole_model_wrote(client, model_folder, monkeypatch):
    uploaded = []
    deliver = Peer.deliver

    def watched_deliver(peer, job, *rest):
        uploaded.append(job)
        return deliver(peer, job, *rest)

    monkeypatch.setattr(Peer, "deliver", watched_deliver)
    job = client.generate(PROMPTS, "tiny@1", Sampling.of(6), price=parse_tokens(HONEST))
    assert client.wait(job, 120).settled
    stages: list[Stage] = []
    how = Ordering(price=parse_tokens(HONEST))
    assert prove(client, job, [1, 2], model_folder=model_folder, how=how, on_stage=stages.append)
    first, second = stages
    assert second.input_root == first.outcome.output_root
    assert {stage.job.order.pool for stage in stages}.isdisjoint({job.order.pool})
    assert all(len(stage.outcome.providers) == 3 for stage in stages)
    # The verifier alone is sent what lies between: nodes have it from nodes.
    assert uploaded.count(first.job.id) > 3 > uploaded.count(second.job.id)


def opening(client: Client, job: StoredJob) -> bytes:
    """The transaction that opened a job."""
    last = client.market.w3.eth.block_number
    (event,) = client.market.events(job.first_block, last, job.id, ("Opened",))
    return bytes(event["transactionHash"])


@pytest.mark.parametrize("replicas", [3, 1])
def test_shards_write_what_the_whole_model_writes(client, model_folder, replicas):
    """Drawn at once, from pools that never see the whole model; proven stage by stage."""
    sampling = Sampling.of(7, temperature=0.8, min_p=0.01, seed=5)
    told = []
    written = write(
        client,
        Prompt(PROMPTS[0], sampling),
        "tiny@1",
        [1, 2],
        model_folder=model_folder,
        how=Ordering(replicas=replicas, price=parse_tokens(HONEST)),
        on_token=lambda place, token: told.append((place, token)),
    )
    wanted = expected(model_folder, sampling)[0]
    assert written.tokens == written.drafted == wanted[: len(written.tokens)]
    assert set(wanted[len(written.tokens) :]) <= {-1}
    assert told == [(i, token) for i, token in enumerate(written.tokens) if token >= 0]
    first, second = written.stages
    assert opening(client, first.job) == opening(client, second.job)
    assert second.input_root == first.outcome.output_root
    assert all(len(stage.outcome.providers) == replicas for stage in written.stages)


def test_a_lying_stage_is_pinned_and_the_stage_before_it_is_paid(net, client, model_folder):
    stages, stakes = list[Stage](), [stake_of(net, number) for number in range(4)]
    with pytest.raises(ResultUnavailableError, match=r"shard 2 has no result: .* contested"):
        write(
            client,
            Prompt(PROMPTS[0], Sampling.of(4)),
            "tiny@1",
            [1, 2],
            model_folder=model_folder,
            how=Ordering(price=parse_tokens(WITH_LIAR)),
            on_stage=stages.append,
        )
    (first,) = stages
    assert len(first.outcome.providers) == 3
    job = client.jobs()[-1]
    assert job.order.shard == 2
    for _ in range(1500):
        if client.state(job).phase is Phase.CONCLUDED:
            break
        time.sleep(0.1)
    losses = [before - stake_of(net, number) for number, before in enumerate(stakes)]
    assert losses[3] == bond(tier_of(parse_tokens(WITH_LIAR))) and max(losses[:3]) <= 0
    assert client.outcome(job).refunded == job.order.payment


def test_only_the_requester_reads_along(net, client):
    job = client.generate(PROMPTS, "tiny@1", Sampling.of(4), price=parse_tokens(HONEST))
    assert client.wait(job, 120).settled
    answers = set()
    for node in net.nodes[:3]:
        answer = httpx.post(
            f"{node.url}/jobs/0x{job.id.hex()}/tokens",
            json={"have": [0, 0]},
            headers={
                "X-Touchstone-Salt": "0x" + job.salt.hex(),
                "X-Touchstone-Signature": "0x" + "11" * 65,
            },
        )
        answers.add((answer.status_code, answer.json()["error"]["rule"]))
    assert answers == {(401, "unsigned")}


@pytest.mark.parametrize(
    ("prompt", "sampling", "words"),
    [
        ([], Sampling.of(4), "is empty"),
        ([1] * 30, Sampling.of(4), "room for 3"),
        ([1, -5], Sampling.of(4), "no token has"),
        ([1, 264], Sampling.of(4), "of 0 to 263"),
    ],
)
def test_a_prompt_that_cannot_be_answered_is_refused_before_it_is_paid(
    client, model_folder, prompt, sampling, words
):
    tokens = np.array(prompt, np.int64)
    with pytest.raises(RequestError, match=words):
        client.generate([tokens], "tiny@1", sampling, model_folder=model_folder)


def test_the_command_prints_the_text_that_settled(net, model_folder, tmp_path):
    commands = Commands(tmp_path, net.devnet, net.deployment)
    call = ("job", "generate", "abc", "--model", "tiny@1", "--folder", model_folder, "--max-new", 6)
    printed = commands.json(*call)
    text = commands.run(*call).stdout
    assert printed["text"].strip() in text and "3 of 3 providers answer for it" in text
    assert printed["phase"] == "settled" and len(printed["tokens"]) <= 6
    assert printed["stopped"] == (printed["tokens"][-1:] == [STOP])
