"""Re-executes a share of the jobs whose input was handed over, and compares the results."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from touchstone.coordination.peers import peer_of
from touchstone.errors import PeerError, ProgramError, SettingsError
from touchstone.programs.program import InputKind
from touchstone.protocol.ids import ModelId, model_id
from touchstone.protocol.inputs import REFUSED, output_of, read_input, sequences_in
from touchstone.protocol.jobs import Phase, seats_in
from touchstone.protocol.payload import payload_root

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from web3.types import EventData

    from touchstone.chain.registry import PublishedModel
    from touchstone.disputes.case import Case
    from touchstone.engines.runner import Runner
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import JobState
    from touchstone.protocol.orders import Order
    from verifier.duties import Watch
    from verifier.store import SeenJob

    Int32 = NDArray[np.int32]

Draft = Callable[[], bytes]
"""What somebody says that the output is, or nothing."""
Answer = Callable[["Order", "PublishedModel", bytes, Draft], bytes]
"""From an order, its model and its input to the output, whatever the draft is; sooner where that is
right. Raises KeyError for another model."""


def is_sampled(job: JobId, seed: bytes, share: float) -> bool:
    """Whether a job is audited: a function of job and draw, which no provider knew beforehand."""
    number = int.from_bytes(keccak(b"touchstone.audit" + job + seed)[:8], "big")
    return number < share * 2**64


def drawn_seed(watch: Watch, job: SeenJob, state: JobState) -> bytes:
    """The seed that drew the seats. That of a deferred order is made anew with its input, which the
    requester chooses: the event of the draw has it as it was."""
    if not job.order.deferred:
        return state.seed
    last = watch.w3.eth.block_number
    events = watch.market.events(job.opened_block, last, job.id, ("Drawn",))
    return bytes(next(iter(events))["args"]["seed"])


def compare(expected: bytes, claimed: dict[int, bytes]) -> tuple[str, dict[str, Any]]:
    """The verdict `agrees` or `differs`, and which seats claimed something else."""
    wrong = sorted(seat for seat, root in claimed.items() if root != expected)
    detail = {"output_root": "0x" + expected.hex(), "wrong_seats": wrong}
    return ("differs" if wrong else "agrees"), detail


def audit(
    watch: Watch, job: SeenJob, answer: Answer, share: float, challenge: bool = False
) -> str | None:
    """Audits a job that has a result and an input; returns the verdict, or None where it has not.

    A job that is passed over gets the verdict `skipped`. Repeating an audit changes nothing: the
    arithmetic is exact. With `challenge` a result that differs is to be disputed.
    """
    state = watch.market.job(job.order)
    given = watch.store.input(job.id)
    if given is None or state.phase not in (Phase.SETTLED, Phase.CONTESTED, Phase.CONCLUDED):
        return None
    payload, salt = given
    if job.order.deferred and payload_root(payload, salt) != state.input_root:
        # A reorganisation has put another input in its place.
        watch.store.drop_input(job.id)
        return None
    if not is_sampled(job.id, drawn_seed(watch, job, state), share):
        return _skip(watch, job, "not in the sample")
    claimed = claimed_roots(watch, job)
    providers = {seat: state.providers[seat] for seat in claimed if seat in state.providers}
    draft = partial(claimed_output, watch, job, salt, list(providers.values()))
    try:
        output = answer(job.order, watch.published(job.order.model), payload, draft)
    except KeyError:
        return _skip(watch, job, "the model is not here")
    verdict, detail = compare(payload_root(output, salt), claimed)
    detail["phase"] = state.phase.name.lower()
    detail["providers"] = {str(seat): provider for seat, provider in providers.items()}
    disputed = challenge and verdict == "differs"
    watch.store.keep_audit(job.id, verdict, detail, disputed)
    return verdict


def _skip(watch: Watch, job: SeenJob, reason: str) -> str:
    watch.store.keep_audit(job.id, "skipped", {"reason": reason})
    return "skipped"


def claimed_output(watch: Watch, job: SeenJob, salt: bytes, providers: Sequence[str]) -> bytes:
    """The output as the first of its providers tells it that does; nothing where none does.

    It is not believed: what is right in it only saves work.
    """
    for provider in providers:
        try:
            return peer_of(watch.vault, to_checksum_address(provider)).output(job.id, salt)
        except PeerError:
            continue
    return b""


def claimed_roots(watch: Watch, job: SeenJob) -> dict[int, bytes]:
    """The output root that each seat claimed."""
    event = ending(watch, job)
    return {} if event is None else roots_of(event)


def ending(watch: Watch, job: SeenJob) -> EventData | None:
    """The event that settled or contested a job."""
    last = watch.w3.eth.block_number
    events = watch.market.events(job.opened_block, last, job.id, ("Settled", "Contested"))
    return next(iter(events), None)


def roots_of(event: EventData) -> dict[int, bytes]:
    """The output root of each seat, as the event that ended a job has them."""
    args = event["args"]
    if event["event"] == "Settled":
        return dict.fromkeys(seats_in(args["paid"]), bytes(args["outputRoot"]))
    return dict(zip(args["seats"], map(bytes, args["outputRoots"]), strict=True))


def models_in(folders: Sequence[Path]) -> dict[ModelId, Path]:
    """The folders of compiled models by the models' identities. Raises SettingsError for others."""
    from touchstone.programs.manifest import Manifest
    from touchstone.programs.model import MANIFEST

    found = {}
    for folder in folders:
        try:
            manifest = Manifest.from_json((folder / MANIFEST).read_bytes())
        except (OSError, ProgramError) as error:
            raise SettingsError(f"{folder} is not a compiled model: {error}") from error
        found[model_id(manifest.name, manifest.version)] = folder
    return found


class ExactModels:
    """Executes compiled models, loaded and verified on first use."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = models_in(folders)

    def __call__(
        self, order: Order, published: PublishedModel, payload: bytes, draft: Draft = bytes
    ) -> bytes:
        """See `Answer`."""
        from touchstone.transcripts.transcript import body_of

        runner = _runner(self._folders[order.model])
        reads = runner.program.input

        def run(batch: list[Int32]) -> list[Int32]:
            if reads.kind is not InputKind.PROMPT:
                return runner.run(batch)
            return runner.check(batch, sequences_in(order, draft()))

        body = partial(body_of, runner.program, runner.replay)
        return output_of(order, published, payload, run, body, reads)

    def case(self, order: Order, published: PublishedModel, payload: bytes) -> Case:
        """What can be shown of a job in a dispute. Raises KeyError for a model that is not here.
        Disputes are rare: the constants are read again for one."""
        from touchstone.disputes.case import case_of
        from touchstone.programs import load_model

        folder, output = self._folders[order.model], self(order, published, payload)
        runner, sequences = _runner(folder), None
        if output != REFUSED:
            sequences = read_input(order, published, payload, runner.program.input)
        model = load_model(folder)
        return case_of(model, runner.replay, payload, sequences, output, order.strong)


@cache
def _runner(folder: Path) -> Runner:
    # Only here, so that a verifier without models needs no torch.
    from touchstone.engines.runner import make_runner
    from touchstone.programs import load_model

    return make_runner(load_model(folder), "cpu", 1)
