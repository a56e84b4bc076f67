"""The market of the demo, and the three jobs that it runs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import numpy as np
from dispute import conviction_of, moves_of, slices_of
from steps import steps_of

from requester.client import Client
from touchstone.amounts import format_tokens, parse_tokens
from touchstone.chain.disputes import Disputes
from touchstone.localnet import Localnet, Offer, compiled_minilm
from touchstone.programs.encoding import from_json
from touchstone.programs.model import PROGRAM
from touchstone.protocol.jobs import SEATS, Phase
from touchstone.receipts import build, check

if TYPE_CHECKING:
    from rich.console import Console

    from requester.follow import Progress
    from requester.store import StoredJob
    from touchstone.localnet import NodeProcess
    from touchstone.protocol.jobs import JobState

ROOT = Path(__file__).resolve().parents[2]
REQUESTER = 1
HONEST = "0.01"
WITH_LIAR = "0.02"
WITH_SILENT = "0.05"
MANY_SLOTS = 2000
"""So many that the silent provider is all but certain to be drawn."""

SENTENCES = [
    "A touchstone tells gold from brass by the streak it leaves.",
    "You can tell real gold by rubbing it on a dark stone.",
    "The train to the coast leaves at noon.",
]


class Story:
    """A local market with five honest providers, a liar and a silent one, in three price pools."""

    def __init__(self, folder: Path, models: Path, console: Console) -> None:
        self._folder = folder
        self._models = models
        self._console = console
        self._net = Localnet(folder)
        self._names: dict[str, str] = {}
        self._verifier: str | None = None

    def __enter__(self) -> Self:
        self._model_folder = compiled_minilm(self._models)
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self._net, "devnet"):
            self._net.stop()

    # --- preparing -------------------------------------------------------------------------------

    def start_chain(self) -> None:
        self._net.start()
        self._model = self._net.publish(self._model_folder)
        self._net.fund(REQUESTER)

    def start_nodes(self, *, verifier: bool) -> None:
        """Pools by price: five honest; two honest and the liar; three honest and the silent."""
        joins = {HONEST: range(5), WITH_LIAR: range(2), WITH_SILENT: range(3)}
        for number in range(5):
            offers = [self._offer(price) for price, members in joins.items() if number in members]
            offers += self._more_offers(number)
            self._add(f"honest {number + 1}", self._net.add_provider(offers))
        self._add(
            "liar",
            self._net.add_provider(
                [self._offer(WITH_LIAR)],
                executor="tests.cheats.executors:tamperer",
                python_path=ROOT,
            ),
        )
        self._add(
            "silent",
            self._net.add_provider(
                [self._offer(WITH_SILENT, MANY_SLOTS)],
                executor="tests.cheats.executors:silent",
                python_path=ROOT,
            ),
        )
        self._more_nodes()
        if verifier:
            self._verifier = self._net.add_verifier(self._audited()).url
        for node in self._net.nodes:
            node.wait_ready()
        self._net.next_epoch()
        self._client = Client(
            self._net.devnet.w3,
            self._net.deployment,
            self._net.devnet.account(REQUESTER),
            self._folder / "requester",
            verifiers=[] if self._verifier is None else [self._verifier],
            # With a verifier about, the requester leaves the coordination to it for a while.
            patience_s=20 if verifier else 0.5,
            poll_s=0.2,
        )

    def _more_offers(self, number: int) -> list[Offer]:
        """What an honest node offers besides."""
        return []

    def _more_nodes(self) -> None:
        """Starts other nodes."""

    def _audited(self) -> list[Path]:
        """The models that the verifier executes again."""
        return [self._model_folder]

    def _offer(self, price: str, slots: int = 20) -> Offer:
        return Offer(self._model, self._model_folder, price, slots)

    def _add(self, name: str, node: NodeProcess) -> None:
        self._names[self._net.provider_account(len(self._names))] = name

    # --- the jobs --------------------------------------------------------------------------------

    def honest(self) -> dict[str, Any]:
        self._title("An honest job: three of five providers, drawn at random")
        job, report = self._run("honest", HONEST, Phase.SETTLED)
        vectors = self._client.real_result(job)
        same, other = (float(np.dot(vectors[0], v)) for v in vectors[1:])
        self._say(f"similarity: the two sentences on gold {same:.3f}, the third {other:.3f}")
        report["similarity"] = {"alike": same, "unlike": other}
        return report

    def liar(self) -> dict[str, Any]:
        self._title("One of three lies: nobody is outvoted, the chain itself finds the lie")
        job, report = self._run("liar", WITH_LIAR, Phase.CONTESTED, Phase.CONCLUDED)
        withdrawable, _ = self._net.market.balance_of(job.order.requester)
        self._say(f"the requester can withdraw its {format_tokens(withdrawable)} tokens at once")
        state = self._net.market.job(job.order)
        report["audit"] = self._audit(job, state)
        report["dispute"] = self._dispute(job)
        report["state"] = "concluded"
        return report

    def strong(self) -> dict[str, Any]:
        self._title("The same lie with strong claims: one transaction convicts, without a game")
        job, report = self._run("strong", WITH_LIAR, Phase.CONTESTED, Phase.CONCLUDED, strong=True)
        report["dispute"] = self._dispute(job)
        report["state"] = "concluded"
        return report

    def _dispute(self, job: StoredJob, folder: Path | None = None) -> dict[str, Any]:
        """The game between the liar and an honest seat, and what it cost whom."""
        net = self._net
        for _ in range(600):
            if net.market.job(job.order).phase is Phase.CONCLUDED:
                break
            time.sleep(0.2)
        else:
            raise AssertionError("the dispute has not ended")
        disputes = Disputes(net.devnet.w3, net.deployment)
        program = from_json(((folder or self._model_folder) / PROGRAM).read_bytes())
        moves = moves_of(disputes, job)
        for number, move in enumerate(moves, start=1):
            move["by"] = self._names.get(move["by"], move["by"])
            self._say(f"  {number:>2} {move['by']:<9} {move['gas']:>9,} gas   {move['what']}")
        found = conviction_of(disputes, job, program)
        parties = disputes.parties(job.id, range(SEATS))
        found["party"] = self._names[parties[found["party"]].account]
        self._say(
            f"the referee recomputed element {found['element']:,} of {found['label']} "
            f"({found['operator']}), {found['where']}:"
        )
        self._say(
            f"  {found['party']} claims {found['claimed']:,}, "
            f"its own transcript gives [bold]{found['recomputed']:,}[/bold]"
        )
        burned, paid = slices_of(net.market, net.vault, job)
        names = {**self._names, job.order.requester: "requester"}
        received = {names.get(a, a): format_tokens(x) for a, x in paid.items()}
        words = ", ".join(f"{name} {amount}" for name, amount in received.items())
        self._say(f"its bond: {words}; {format_tokens(burned)} tokens burned")
        return {
            "moves": moves,
            "gas": sum(move["gas"] for move in moves),
            "conviction": found,
            "burned": format_tokens(burned),
            "paid": received,
        }

    def silent(self) -> dict[str, Any]:
        self._title("One of three is silent: slashed, replaced by a reserve of the same draw")
        _, report = self._run("silent", WITH_SILENT, Phase.SETTLED)
        return report

    def _audit(self, job: StoredJob, state: JobState) -> dict[str, Any] | None:
        """What the verifier found when it ran the job itself; None where there is no verifier."""
        if self._verifier is None:
            return None
        url = f"{self._verifier}/jobs/0x{job.id.hex()}"
        for _ in range(100):
            audit: dict[str, Any] | None = httpx.get(url).json()["audit"]
            if audit is not None:
                liars = [self._names[state.providers[seat]] for seat in audit["wrong_seats"]]
                wrong = f"; wrong: {', '.join(liars)}" if liars else ""
                self._say(f"the verifier ran it too: {audit['verdict']}{wrong}")
                return audit
            time.sleep(0.2)
        raise AssertionError("the verifier has not audited the job")

    def stakes(self) -> dict[str, str]:
        """Each provider's stake in tokens, pledged or free."""
        found = {}
        for address, name in self._names.items():
            vault = self._net.vault
            total = vault.free_stake(address)  # type: ignore[arg-type]
            for event in vault.contract.events.Joined().get_logs(
                from_block=0, argument_filters={"provider": address}
            ):
                position = vault.position(event["args"]["pool"], address)  # type: ignore[arg-type]
                total += position.slots * position.bond
            found[name] = format_tokens(total)
        return found

    def _run(
        self, scenario: str, price: str, *expected: Phase, strong: bool = False
    ) -> tuple[StoredJob, dict[str, Any]]:
        job = self._client.submit(
            SENTENCES,
            self._model,
            model_folder=self._model_folder,
            price=parse_tokens(price),
            strong=strong,
        )
        paid = format_tokens(job.order.payment)
        self._say(f"job 0x{job.id.hex()[:12]}: {len(SENTENCES)} sentences, {paid} tokens in escrow")
        return job, self._follow(scenario, job, *expected)

    def _follow(self, scenario: str, job: StoredJob, *expected: Phase) -> dict[str, Any]:
        """Waits for a job, and tells what became of it."""
        seen: dict[str, str] = {}
        outcome = self._client.wait(job, 180, lambda p: self._progress(p, seen))
        if outcome.phase not in expected:
            raise AssertionError(f"the {scenario} job is {outcome.phase.name}")
        steps = steps_of(self._net.market, job)
        for step in steps:
            self._say(f"  {step['step']:<10} {step['gas']:>9,} gas   {step['what']}")
        self._say(f"[bold]{outcome.phase.name.lower()}[/bold]: {self._money(outcome)}")
        receipt = self._folder / "receipts" / f"{scenario}.json"
        receipt.parent.mkdir(exist_ok=True)
        content = build(self._net.devnet.w3, self._net.deployment, job.order)
        receipt.write_text(json.dumps(content))
        checks = check(content, self._net.devnet.w3)
        good = sum(one.ok for one in checks)
        self._say(f"receipt: {good} of {len(checks)} checks pass, by the chain alone")
        return {
            "id": "0x" + job.id.hex(),
            "scenario": scenario,
            "mode": "redundant, strong claims" if job.order.strong else "redundant",
            "state": outcome.phase.name.lower(),
            "participants": sorted(set(seen.values())),
            "steps": steps,
            "gas": sum(step["gas"] for step in steps),
            "transactions": len(steps),
            "refunded": format_tokens(outcome.refunded),
            "receipt": str(receipt.relative_to(ROOT)),
            "receipt_checks": {"passed": good, "of": len(checks)},
        }

    def _progress(self, progress: Progress, seen: dict[str, str]) -> None:
        """Says who was drawn, once for each."""
        new = {p: self._names[p] for p in progress.seats.values() if p not in seen}
        if new:
            drawn = ", ".join(new.values())
            self._say(f"drawn: {drawn}" if not seen else f"replaced by: {drawn}")
            seen.update(new)

    @staticmethod
    def _money(outcome: Any) -> str:
        spent, refunded = format_tokens(outcome.spent), format_tokens(outcome.refunded)
        return f"{spent} tokens to providers, {refunded} back to the requester"

    def _title(self, text: str) -> None:
        self._console.print(f"\n[bold cyan]{text}[/bold cyan]")

    def _say(self, text: str) -> None:
        self._console.print(f"  {text}")
