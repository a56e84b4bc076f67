"""Calls of a deployed referee, and what it must answer about one element."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any, cast

import httpx
from eth_abi.abi import default_codec as codec
from eth_typing import ChecksumAddress
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector

from tests.touchstone.referee.transcript import Case
from touchstone.chain.artifacts import load_artifact
from touchstone.chain.reverts import decode_revert
from touchstone.chain.sender import Sender
from touchstone.transcripts.question import Question

GAS = 1 << 24
MAXIMA = {"peak", "row_max", "column_max", "argmax"}
Call = tuple[str, Question, *tuple[Any, ...]]


def deploy_referee(sender: Sender) -> ChecksumAddress:
    """A referee with its part for causal programs."""
    return sender.deploy(load_artifact("Referee"), sender.deploy(load_artifact("CausalReferee")))


class Judge:
    """A referee on a chain. Calls go out many at once, since there are thousands."""

    def __init__(self, url: str, address: str) -> None:
        self.address = address
        self.client = httpx.Client(base_url=url, timeout=60)
        self.functions = {
            entry["name"]: (
                function_abi_to_4byte_selector(entry),
                [collapse_if_tuple(field) for field in entry["inputs"]],
                [collapse_if_tuple(field) for field in entry["outputs"]],
            )
            for entry in cast("list[Any]", load_artifact("Referee").abi)
            if entry["type"] == "function"
        }

    def data(self, name: str, question: Question, *arguments: Any) -> bytes:
        """The bytes of a call."""
        encoded = [a.as_abi() if hasattr(a, "as_abi") else a for a in arguments]
        selector, types, _ = self.functions[name]
        return selector + codec.encode(types, [question.as_abi(), *encoded])

    def call(self, name: str, question: Question, *arguments: Any) -> Any:
        """What a function returns. Raises TransactionReverted."""
        return self.calls([(name, question, *arguments)])[0]

    def calls(self, calls: Sequence[Call]) -> list[Any]:
        """What each call returns. Raises TransactionReverted for the first that is refused."""
        requests = []
        for number, call in enumerate(calls):
            sent = {"to": self.address, "data": "0x" + self.data(*call).hex(), "gas": hex(GAS)}
            requests.append(
                {"jsonrpc": "2.0", "id": number, "method": "eth_call", "params": [sent, "latest"]}
            )
        answers = self.client.post("/", json=requests).json()
        found = []
        for call, answer in zip(calls, answers, strict=True):
            if "error" in answer:
                raise decode_revert(bytes.fromhex(answer["error"].get("data", "0x")[2:]))
            values = codec.decode(self.functions[call[0]][2], bytes.fromhex(answer["result"][2:]))
            found.append(values[0] if len(values) == 1 else values)
        return found

    def check(
        self, case: Case, value: int, element: int, random: Random, position: int = 0
    ) -> None:
        """The referee finds the element that the case has: whole, and in parts at random."""
        question = case.question(value, element, position)
        step, wanted = case.builder.step(question), case.answer(question)
        whole = case.builder.whole(question, case.source)
        records = case.builder.records(question)
        cuts = _cuts(step.reduction()[0], random)
        segments: list[Call] = [
            ("partialOf", question, case.builder.segment(question, case.source, *cut), *cut)
            for cut in pairwise(cuts)
        ]
        found = self.calls(
            [
                ("expected", question, whole),
                ("claimed", question, whole),
                ("reduction", question, records),
                *segments,
            ]
        )
        assert found[:3] == [wanted, wanted, step.reduction()], step
        parts = found[3:]
        total = max(parts) if step.operator.op in MAXIMA else sum(parts)
        last = case.builder.finish(question, case.source)
        found = self.calls(
            [
                ("combined", question, records, parts),
                ("finish", question, last, total),
                ("claimed", question, last),
            ]
        )
        assert found == [total, wanted, wanted], f"{step}, cut at {cuts}"


def _cuts(terms: int, random: Random) -> list[int]:
    inner = random.sample(range(1, terms), min(terms - 1, random.randrange(3)))
    return [0, *sorted(inner), terms]
