"""Calls of a deployed referee, and what it must answer about one element."""

from __future__ import annotations

from random import Random
from typing import Any

from web3 import Web3

from tests.touchstone.referee.transcript import Case
from touchstone.chain.artifacts import load_artifact
from touchstone.chain.reverts import decoded_reverts
from touchstone.transcripts.proofs import Chunks
from touchstone.transcripts.question import Question

GAS = 1 << 24


class Judge:
    """A referee on a chain."""

    def __init__(self, w3: Web3, address: str) -> None:
        self.contract = w3.eth.contract(address=address, abi=load_artifact("Referee").abi)

    def call(self, name: str, question: Question, *arguments: Any) -> Any:
        """What a function returns. Raises TransactionReverted."""
        encoded = [a.as_abi() if hasattr(a, "as_abi") else a for a in arguments]
        function = self.contract.functions[name](question.as_abi(), *encoded)
        with decoded_reverts():
            return function.call({"gas": GAS})

    def check(self, case: Case, value: int, element: int, random: Random) -> None:
        """The referee finds the element that the case has: whole, and in parts at random."""
        question = case.question(value, element)
        wanted = case.answer(question)
        named = f"{case.builder.step(question)}"
        whole = case.builder.whole(question, case.source)
        assert self.call("expected", question, whole) == wanted, named
        assert self.call("claimed", question, whole) == wanted, named
        records = case.builder.records(question)
        terms, _ = reduction = case.builder.step(question).reduction()
        assert tuple(self.call("reduction", question, records)) == reduction, named
        self._check_parts(case, question, records, _cuts(terms, random))

    def _check_parts(
        self, case: Case, question: Question, records: Chunks, cuts: list[int]
    ) -> None:
        parts = []
        for start, stop in zip(cuts, cuts[1:], strict=False):
            evidence = case.builder.segment(question, case.source, start, stop)
            parts.append(self.call("partialOf", question, evidence, start, stop))
        total = self.call("combined", question, records, parts)
        evidence = case.builder.finish(question, case.source)
        found = self.call("finish", question, evidence, total)
        assert found == case.answer(question), f"{case.builder.step(question)}, cut at {cuts}"
        assert self.call("claimed", question, evidence) == found


def _cuts(terms: int, random: Random) -> list[int]:
    inner = random.sample(range(1, terms), min(terms - 1, random.randrange(3)))
    return [0, *sorted(inner), terms]
