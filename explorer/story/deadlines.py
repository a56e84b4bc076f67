"""What a job waits for, and what anyone may do about it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.protocol.audits import AuditState
from touchstone.protocol.demands import DemandState
from touchstone.protocol.jobs import (
    Action,
    Phase,
    commit_deadline,
    due_action,
    input_deadline,
    last_output_demand,
    reveal_deadline,
)

if TYPE_CHECKING:
    from explorer.story.life import Life
    from touchstone.protocol.jobs import Clock, Parameters

_DUE = {
    Action.DRAW: "Anyone may draw it now.",
    Action.EXPIRE: "It did not begin in time: anyone may end it with a refund.",
    Action.ADVANCE: "A deadline has passed: anyone may move it on.",
    Action.CONCLUDE: "The contest's time is over: anyone may conclude it.",
    Action.CLOSE_DEMAND: "A demand is over: anyone may close it.",
    Action.ADVANCE_AUDIT: "The audit can go on: anyone may move it on.",
}


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline: what ends, at which block or Unix time, and whether that has passed."""

    what: str
    block: int | None
    time: int | None
    passed: bool


def deadlines_of(life: Life, now: Clock, parameters: Parameters) -> list[Due]:
    """The deadlines that apply to a job where it stands."""
    state, found = life.state, []

    def at(what: str, time: int) -> None:
        found.append(Due(what, None, time, now.time > time))

    if state.phase is Phase.OPEN:
        last = state.since + parameters.draw_blocks
        found.append(Due("The seed is fixed", state.since, None, now.block >= state.since))
        found.append(Due("It must be drawn by", last, None, now.block > last))
    if state.phase is Phase.WAITING:
        at("Its input must be fixed by", input_deadline(state, parameters))
        at("The bonds unlock by themselves at", state.locked_until)
    if state.phase is Phase.DRAWN:
        missing = any(seat not in state.commitments for seat in state.active)
        if missing:
            at("Commitments are waited for until", commit_deadline(state, parameters))
        else:
            at("Reveals are waited for until", reveal_deadline(state, parameters))
        at("It can be paid until", state.locked_until - parameters.challenge_window)
        at("The bonds unlock by themselves at", state.locked_until)
    if state.phase is Phase.SETTLED:
        # After an answered demand, as after the requester's word, all can be withdrawn at once.
        if state.output_demand.state is DemandState.NONE and not life.acknowledged:
            bucket = state.since // parameters.delivery_window
            at("The output can be demanded until", last_output_demand(state, parameters))
            at("What was earned can be withdrawn from", (bucket + 2) * parameters.delivery_window)
        at("The bonds unlock by themselves at", state.locked_until)
    if state.phase is Phase.CONTESTED:
        at("It is concluded at the latest at", state.since + parameters.contest_window)
    if life.held and life.challenge is not None:
        at("The challenge ends at the latest at", life.challenge.since + parameters.contest_window)
    audit = state.audit
    if audit.state is AuditState.DUE:
        passed = now.block >= audit.since
        found.append(Due("The auditor is named by the hash of", audit.since, None, passed))
    if audit.state is AuditState.DRAWN and not (life.held or state.input_demand.pending):
        at("The auditor has time until", audit.since + parameters.commit_window)
    for what, demand in (("input", state.input_demand), ("output", state.output_demand)):
        if demand.pending:
            at(f"The demanded {what} is due by", demand.deadline)
    return found


def due_words(life: Life, now: Clock, parameters: Parameters) -> str | None:
    """What anyone may do about the job now, or None."""
    action = due_action(life.state, now, parameters)
    if action is Action.ADVANCE_AUDIT and life.held and life.state.audit.state is AuditState.DRAWN:
        # The challenge goes on first.
        action = None
    if action is None and life.held and life.challenge is not None:
        over = now.time > life.challenge.since + parameters.contest_window
        action = Action.CONCLUDE if over else None
    return None if action is None else _DUE[action]
