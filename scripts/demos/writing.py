"""The scenes with a language model: it writes, one of three lies, two shards write together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from story import HONEST, ROOT, WITH_LIAR, Story

from requester.opening import Ordering
from requester.prove_cli import stage_data
from requester.stages import Stage
from requester.writing import write
from touchstone.amounts import format_tokens, parse_tokens
from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.engines.runner import make_runner
from touchstone.localnet import Offer, compiled
from touchstone.programs import load_model
from touchstone.programs.tokens import Decoder
from touchstone.protocol.generation import Prompt, Sampling
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from requester.store import StoredJob

SOURCE = ROOT / "models" / "topics"
CUT = 2
"""The layer before which the model is cut into two shards."""
PROMPT = "When an exception"
NEW = 60
SHARDS = (1, 2)


class Writing(Story):
    """The market of `Story`, in which a small language model is served as well, whole and in two
    shards; and a node that writes something else than the model."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._language_folder = compiled(SOURCE, "topics", "1", self._models, cuts=(CUT,))
        self._decoder = Decoder(self._language_folder)
        return self

    def start_chain(self) -> None:
        super().start_chain()
        self._language = self._net.publish(self._language_folder)

    def start_nodes(self, *, verifier: bool) -> None:
        # Machine code is made once and kept: nodes that start together would each make it.
        make_runner(load_model(self._language_folder))
        super().start_nodes(verifier=verifier)

    def _more_offers(self, number: int) -> list[Offer]:
        """Honest nodes: all serve the whole, the first three its first shard, the last three its
        second; two are in a pool with the liar."""
        offers = [self._written(HONEST)]
        offers += [self._written(HONEST, SHARDS[0])] if number < 3 else []
        offers += [self._written(HONEST, SHARDS[1])] if number > 1 else []
        return offers + ([self._written(WITH_LIAR)] if number < 2 else [])

    def _more_nodes(self) -> None:
        self._add(
            "scribbler",
            self._net.add_provider(
                [self._written(WITH_LIAR)],
                executor="tests.cheats.executors:writing_tamperer",
                python_path=ROOT,
            ),
        )

    def _audited(self) -> list[Path]:
        return [*super()._audited(), self._language_folder]

    def _written(self, price: str, shard: int = 0) -> Offer:
        return Offer(self._language, self._language_folder, price, 20, shard)

    # --- the jobs --------------------------------------------------------------------------------

    def writes(self) -> dict[str, Any]:
        self._title("A language model writes: three providers, each token the same on all")
        job = self._generate(HONEST, Sampling.of(NEW))
        with self._client.watching(job, lambda *_: None) as watching:
            report = self._follow("writes", job, Phase.SETTLED)
        report["text"] = self._text(job)
        report["read_along"] = len(watching.seen[0])
        self._say(f"[italic]{report['text']}[/italic]")
        self._say(f"{report['read_along']} tokens were read while they were written")
        report["audit"] = self._audit(job, self._net.market.job(job.order))
        self._whole_text = report["text"]
        return report

    def scribbles(self) -> dict[str, Any]:
        self._title("One of three writes another text: the element where it began to lie convicts")
        job = self._generate(WITH_LIAR, Sampling.of(8, temperature=0.7, min_p=0.05, seed=7))
        report = self._follow("scribbles", job, Phase.CONTESTED, Phase.CONCLUDED)
        report["dispute"] = self._dispute(job, self._language_folder)
        report["state"] = "concluded"
        return report

    def writes_in_shards(self) -> dict[str, Any]:
        self._title("Two shards write together, in pools that never see the whole model")
        stages: list[dict[str, Any]] = []

        def settled(stage: Stage) -> None:
            spent, names = format_tokens(stage.outcome.spent), stage.outcome.providers.values()
            who = ", ".join(self._names[name] for name in names)
            self._say(f"shard {stage.shard}: {who} agree, {spent} tokens")
            stages.append(stage_data(stage))

        prompt = Prompt(self._decoder.prompt(PROMPT), Sampling.of(NEW))
        written = write(
            self._client,
            prompt,
            self._language,
            SHARDS,
            model_folder=self._language_folder,
            how=Ordering(price=parse_tokens(HONEST)),
            on_stage=settled,
        )
        text = PROMPT + self._decoder.text([t for t in written.tokens if t != NO_TOKEN])
        self._say(f"[italic]{text}[/italic]")
        assert written.tokens == written.drafted, "what was drafted is not what the shards prove"
        assert text == self._whole_text, "the shards write another text than the whole model"
        chained = stages[0]["output_root"] == stages[1]["input_root"]
        assert chained, "the second shard was given something else than the first put out"
        self._say("[bold]the same text[/bold]; the first's output root is the second's input root")
        return {"scenario": "shards", "text": text, "stages": stages}

    def _generate(self, price: str, sampling: Sampling) -> StoredJob:
        job = self._client.generate(
            [PROMPT],
            self._language,
            sampling,
            model_folder=self._language_folder,
            price=parse_tokens(price),
        )
        paid = format_tokens(job.order.payment)
        self._say(f"job 0x{job.id.hex()[:12]}: {PROMPT!r}, {paid} tokens in escrow")
        return job

    def _text(self, job: StoredJob) -> str:
        written = [t for t in self._client.result(job)[0].tolist() if t != NO_TOKEN]
        return PROMPT + self._decoder.text(written)
