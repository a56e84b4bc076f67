"""Re-executes a share of the jobs whose input was handed over, and compares the results."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from eth_utils.crypto import keccak

from touchstone.errors import ProgramError, SettingsError
from touchstone.protocol.ids import ModelId, model_id
from touchstone.protocol.inputs import REFUSED, output_of, read_input
from touchstone.protocol.jobs import Phase, seats_in
from touchstone.protocol.payload import payload_root

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from web3.types import EventData

    from touchstone.chain.registry import PublishedModel
    from touchstone.disputes.case import Case
    from touchstone.engines import TorchEngine
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.orders import Order
    from verifier.duties import Watch
    from verifier.store import SeenJob

Answer = Callable[["Order", "PublishedModel", bytes], bytes]
"""From an order, its model and its input to the output. Raises KeyError for another model."""


def is_sampled(job: JobId, seed: bytes, share: float) -> bool:
    """Whether a job is audited: a function of job and draw, which no provider knew beforehand."""
    number = int.from_bytes(keccak(b"touchstone.audit" + job + seed)[:8], "big")
    return number < share * 2**64


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
    if not is_sampled(job.id, state.seed, share):
        return _skip(watch, job, "not in the sample")
    payload, salt = given
    try:
        output = answer(job.order, watch.published(job.order.model), payload)
    except KeyError:
        return _skip(watch, job, "the model is not here")
    claimed = claimed_roots(watch, job)
    verdict, detail = compare(payload_root(output, salt), claimed)
    detail["phase"] = state.phase.name.lower()
    detail["providers"] = {str(s): state.providers[s] for s in claimed if s in state.providers}
    disputed = challenge and verdict == "differs"
    watch.store.keep_audit(job.id, verdict, detail, disputed)
    return verdict


def _skip(watch: Watch, job: SeenJob, reason: str) -> str:
    watch.store.keep_audit(job.id, "skipped", {"reason": reason})
    return "skipped"


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
    """Executes compiled models with the torch engine, loaded and verified on first use."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = models_in(folders)

    def __call__(self, order: Order, published: PublishedModel, payload: bytes) -> bytes:
        """See `Answer`."""
        from touchstone.transcripts.transcript import body_of

        engine = _engine(self._folders[order.model])
        body = partial(body_of, engine.replay)
        return output_of(order, published, payload, engine.run, body)

    def case(self, order: Order, published: PublishedModel, payload: bytes) -> Case:
        """What can be shown of a job in a dispute. Raises KeyError for a model that is not here.
        Disputes are rare: the constants are read again for one."""
        from touchstone.disputes.case import case_of
        from touchstone.programs import load_model

        folder, output = self._folders[order.model], self(order, published, payload)
        sequences = None if output == REFUSED else read_input(order, published, payload)
        replay = _engine(folder).replay
        return case_of(load_model(folder), replay, payload, sequences, output, order.strong)


@cache
def _engine(folder: Path) -> TorchEngine:
    # Only here, so that a verifier without models needs no torch.
    from touchstone.engines import TorchEngine
    from touchstone.programs import load_model

    return TorchEngine(load_model(folder), "cpu", 1)
