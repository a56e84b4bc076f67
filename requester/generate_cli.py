"""`touchstone job generate`: have a language model write, and read along."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from requester.cli_common import (
    JsonOption,
    KeyOption,
    MaxPriceOption,
    ModelOption,
    NeverPublishOption,
    ReplicasOption,
    StrongOption,
    TimeoutOption,
    TokenizerOption,
    VerifierOption,
    job_data,
    open_client,
    parse_shards,
)
from requester.opening import Ordering
from requester.prove_cli import show_stage, stage_data
from requester.writing import write
from touchstone.amounts import format_tokens, parse_positive_tokens
from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.cli.output import emit
from touchstone.errors import RequestError
from touchstone.protocol.generation import Prompt, Sampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requester.writing import Written
    from touchstone.programs.tokens import Decoder


def generate(
    prompt: Annotated[str, typer.Argument(help="The text to go on from.")],
    model: ModelOption,
    folder: TokenizerOption,
    chat: Annotated[
        bool, typer.Option(help="The prompt is a message to answer, by the model's chat template.")
    ] = False,
    max_new: Annotated[int, typer.Option(help="Tokens to write at most.", min=1)] = 64,
    temperature: Annotated[
        float, typer.Option(help="0 takes the most probable token each time.", min=0)
    ] = 0.0,
    min_p: Annotated[
        float,
        typer.Option(
            help="Leave out tokens less probable than this times the most probable.", min=0, max=1
        ),
    ] = 0.0,
    seed: Annotated[
        int | None, typer.Option(help="Of the sampling, 64 bits; a random one if left out.", min=0)
    ] = None,
    shards: Annotated[
        str | None,
        typer.Option(
            help="Have providers of these shards write, first to last (1,2): none needs the whole "
            "model."
        ),
    ] = None,
    replicas: ReplicasOption = 3,
    max_price: MaxPriceOption = None,
    strong: StrongOption = False,
    verifier: VerifierOption = None,
    timeout: TimeoutOption = 600,
    never_publish: NeverPublishOption = False,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Have a language model go on from a prompt.

    The text appears while it is written; that is not proven yet. When the job has settled, it is
    compared with the result that the providers answer for, and that is what --json prints.
    """
    # Here, so that other commands need no tokenizer.
    from touchstone.programs.tokens import Decoder

    if seed is None:
        seed = secrets.randbits(64) if temperature else 0
    sampling = Sampling.of(max_new, temperature, min_p, seed)
    limit = None if max_price is None else parse_positive_tokens(max_price)
    client = open_client(key, verifier or (), never_publish=never_publish)
    decoder = Decoder(folder)
    tokens = decoder.prompt(prompt)
    if chat:
        tokens = decoder.chat([{"role": "user", "content": prompt}])
    printer = Printer(decoder, quiet=json)
    how = Ordering(replicas=replicas, strong=strong, max_price=limit)
    if shards is not None:
        text = write(
            client,
            Prompt(tokens, sampling),
            model,
            parse_shards(shards),
            model_folder=folder,
            how=how,
            on_token=lambda _, token: printer.saw(0, [token]),
            timeout=timeout,
        )
        _emit_written(text, printer, seed, json=json)
        return
    job = client.generate(
        [tokens],
        model,
        sampling,
        model_folder=folder,
        **how,
    )
    # The text is the progress: a line about it would run into it.
    with client.watching(job, printer.saw):
        outcome = client.wait(job, timeout)
    if not outcome.settled:
        printer.end()
        raise RequestError(
            f"job 0x{job.id.hex()} has no result: it is {outcome.phase.name.lower()} "
            f"({outcome.reason})"
        )
    written = [token for token in client.result(job)[0].tolist() if token != NO_TOKEN]
    data = job_data(client, job, outcome) | {
        "text": printer.finish(written),
        "tokens": written,
        "stopped": len(written) < max_new,
        "seed": seed,
    }

    def render(console: Console) -> None:
        agreed = f"{len(outcome.providers)} of {job.order.replicas} providers answer for it"
        console.print(
            f"{len(written)} tokens, {data['spent']} spent; {agreed}; job {data['job']}",
            style="dim",
            soft_wrap=True,
        )
        if temperature:
            console.print(f"seed {seed}", style="dim")

    emit(data, json, render)


def _emit_written(written: Written, printer: Printer, seed: int, *, json: bool) -> None:
    """Prints a text that shards have written."""
    tokens = [token for token in written.tokens if token != NO_TOKEN]
    data = {
        "text": printer.finish(tokens),
        "tokens": tokens,
        "drafted": written.drafted,
        "stopped": written.tokens[-1] == NO_TOKEN,
        "seed": seed,
        "spent": format_tokens(sum(stage.outcome.spent for stage in written.stages)),
        "stages": [stage_data(stage) for stage in written.stages],
    }

    def render(console: Console) -> None:
        for stage in written.stages:
            show_stage(stage, quiet=False)
        console.print(f"{len(tokens)} tokens, {data['spent']} spent; seed {seed}", style="dim")

    emit(data, json, render)


class Printer:
    """Prints text as its tokens come, and again where it turns out to have been another."""

    def __init__(self, decoder: Decoder, *, quiet: bool) -> None:
        self._decoder, self._quiet = decoder, quiet
        self._stream = decoder.stream()
        self._printed = ""

    def saw(self, _prompt: int, tokens: Sequence[int]) -> None:
        """Prints what these tokens add."""
        self._write("".join(self._stream.add(token) for token in tokens))

    def finish(self, tokens: Sequence[int]) -> str:
        """Prints what is missing of the settled text, or all of it where another was shown; and
        returns it."""
        text = self._decoder.text(tokens)
        if not text.startswith(self._printed):
            self.end()
            if not self._quiet:
                Console(stderr=True).print(
                    "[yellow]what was shown above did not settle; this did:[/yellow]"
                )
            self._printed = ""
        self._write(text[len(self._printed) :])
        self.end()
        return text

    def end(self) -> None:
        """Ends the line."""
        if not self._quiet:
            sys.stdout.write("\n")
            sys.stdout.flush()

    def _write(self, text: str) -> None:
        self._printed += text
        if not self._quiet:
            sys.stdout.write(text)
            sys.stdout.flush()
