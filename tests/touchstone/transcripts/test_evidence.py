from __future__ import annotations

from dataclasses import replace

import pytest

from tests.touchstone.referee.transcript import Case, Sketch
from touchstone.transcripts.proofs import Chunks
from touchstone.transcripts.question import Question


@pytest.fixture(scope="module")
def case() -> Case:
    sketch = Sketch(3)
    sketch.run("column_mean", (sketch.ones,))
    return sketch.case()


@pytest.fixture
def question(case: Case) -> Question:
    return case.question(2, 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"value": 0}, "value 0"), ({"value": 3}, "value 3"), ({"element": 1}, "element 1 of 1")],
)
def test_what_there_is_not_is_refused(
    case: Case, question: Question, changed: dict[str, int], message: str
) -> None:
    for build in (case.builder.whole, case.builder.finish):
        with pytest.raises(ValueError, match=message):
            build(replace(question, **changed), case.source)
    with pytest.raises(ValueError, match=message):
        case.builder.records(replace(question, **changed))


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (1, 1), (2, 4)])
def test_terms_that_there_are_not(case: Case, question: Question, start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="of 3"):
        case.builder.segment(question, case.source, start, stop)


def test_only_what_is_read_is_opened(case: Case, question: Question) -> None:
    segment = case.builder.segment(question, case.source, 0, 2)
    assert segment.values == (1,) and segment.constants == ()
    finish = case.builder.finish(question, case.source)
    assert finish.values == (2,)
    table = case.question(1, 2)
    nothing = case.builder.segment(table, case.source, 0, 1)
    assert nothing.values == nothing.value_siblings == nothing.sequence_siblings == ()
    assert nothing.constants[0].indexes == (0,)
    assert case.builder.finish(table, case.source).constants == (Chunks(),)
