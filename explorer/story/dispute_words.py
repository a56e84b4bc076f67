"""What happened in a dispute, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.derive.disputes import brief_in
from explorer.story.moments import utc
from explorer.story.pieces import Piece, Sentence, account, counted, root, say, tokens
from explorer.story.places import (
    Place,
    part_words,
    party_name,
    place_words,
    value_words,
    within_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.derive.records import Event
    from explorer.story.known import Known

MILESTONES = frozenset({"ContestOpened", "Convicted", "Lost", "BondSettled"})
"""What a job's own story tells of its dispute; the moves are told apart from it."""


def contest_opened(event: Event, known: Known) -> Sentence:
    """`ContestOpened`."""
    return say(f"The resolver took the contest on; it ends at {utc(event.number('endsAt'))}.")


def entered(event: Event, known: Known) -> Sentence:
    """`Entered`."""
    bond = event.number("bond")
    with_bond = f", with a bond of {tokens(bond)}" if bond else ""
    return say(
        *_name(event, event.number("party"), known, start=True),
        " claims the output root ",
        root(event.text("output")),
        f"{with_bond}.",
    )


def described(event: Event, known: Known) -> Sentence:
    """`Described`."""
    brief = brief_in(event)
    if brief.refused:
        return say("The input breaks a rule: whoever claims a result for it has lied.")
    lengths = [brief.length(sequence) for sequence in range(brief.count)]
    of = f"{len(lengths)} sequences" if len(lengths) != 1 else "1 sequence"
    return say(
        f"The input's shape was shown: {of} with {counted(sum(lengths), 'position')}, for a "
        f"program of {counted(brief.operators, 'operator')}."
    )


def stated(event: Event, known: Known) -> Sentence:
    """`Stated`."""
    return say(
        *_name(event, event.number("party"), known, start=True),
        " stated its transcript ",
        root(event.text("body")),
        " with the output ",
        root(event.text("outputTop")),
        ".",
    )


def game_started(event: Event, known: Known) -> Sentence:
    """`GameStarted`."""
    return say(f"{_pair(event)} must show where their executions differ.")


def opened(event: Event, known: Known) -> Sentence:
    """`Opened`."""
    found = known.openings.get(event.place)
    place = None if found is None else Place.of_opening(found)
    whose = "a" if found is None or found.party is None else f"{party_name(found.party)}'s"
    parts = [f"Opened {len(event.args['children'])} children of {whose} node "]
    over = "" if place is None else f", over {place_words(place, known.extent(_job(event, known)))}"
    return say(*parts, root(event.text("node")), f"{over}.")


def leaf_opened(event: Event, known: Known) -> Sentence:
    """`LeafOpened`."""
    found = known.openings.get(event.place)
    place = None if found is None else Place.of_opening(found)
    size = counted((len(event.text("chunk")) - 2) // 2, "byte")
    if found is None or place is None or found.party is None:
        return say("Showed the chunk ", root(event.text("node")), f", {size}.")
    where = place_words(place, known.extent(_job(event, known)))
    return say(f"Showed {party_name(found.party)}'s {where}, {size}.")


def descended(event: Event, known: Known) -> Sentence:
    """`Descended`."""
    place = Place.of_event(event.args["game"])
    where = place_words(place, known.extent(event.text("job")))
    sides = _parts(event) if place.stop else ""
    return say(f"{_pair(event)} differ first in {where}{sides}.")


def parts_posted(event: Event, known: Known) -> Sentence:
    """`PartsPosted`."""
    party = event.number("a" if event.flag("first") else "b")
    count = counted(len(event.args["parts"]), "partial result")
    return say(*_name(event, party, known, start=True), f" posted {count} of a long sum.")


def announced(event: Event, known: Known) -> Sentence:
    """`Announced`."""
    accused = party_name(event.number("party"))
    return say(
        *_name(event, event.number("against"), known, start=True),
        f" has announced that it will convict {accused}.",
    )


def convicted(event: Event, known: Known) -> Sentence:
    """`Convicted`."""
    found = known.convictions.get(event.place)
    extent = known.extent(event.text("job"))
    value = value_words(event.number("value"), extent)
    element = event.text("element")
    within = within_words(event.number("sequence"), event.number("position"), extent)
    where = f"element {element} of {value} {within}"
    if found is not None and found.output:
        where = f"word {element} of its output"
    elif found is not None and found.stop:
        where = f"{part_words(found.start, found.stop)} of {where}"
    return say(
        *_name(event, event.number("party"), known, start=True),
        f" is convicted: {where} is {event.text('found')} in what it stated, and must be "
        f"{event.text('expected')} by its own openings.",
    )


def lost(event: Event, known: Known) -> Sentence:
    """`Lost`."""
    found = known.losses.get(event.place)
    late = not event.flag("proven") if found is None else found.late
    why = "its clock ran out" if late else "it was shown to have lied"
    return say(
        *_name(event, event.number("party"), known, start=True),
        " lost to ",
        *_name(event, event.number("against"), known),
        f": {why}.",
    )


def game_over(event: Event, known: Known) -> Sentence:
    """`GameOver`."""
    return say(f"The game of {_pair(event, start=False)} is over.")


def bond_settled(event: Event, known: Known) -> Sentence:
    """`BondSettled`."""
    number, returned = event.number("party"), event.number("returned")
    who = _name(event, number, known, start=True)
    if returned:
        return say(*who, f" has its bond of {tokens(returned)} back, to be withdrawn.")
    row = known.parties.get((event.text("job"), number))
    if row is None:
        return say(*who, " lost its bond.")
    won = row.bond // 2
    return say(
        *who,
        f" lost its bond of {tokens(row.bond)}: {tokens(row.bond - won)} burned, {tokens(won)} to "
        "its opponent.",
    )


WORDS: dict[str, Callable[[Event, Known], Sentence]] = {
    "ContestOpened": contest_opened,
    "Entered": entered,
    "Described": described,
    "Stated": stated,
    "GameStarted": game_started,
    "Opened": opened,
    "LeafOpened": leaf_opened,
    "Descended": descended,
    "PartsPosted": parts_posted,
    "Announced": announced,
    "Convicted": convicted,
    "Lost": lost,
    "GameOver": game_over,
    "BondSettled": bond_settled,
}
"""By the event's name."""


def loss_words(against: int, *, late: bool) -> str:
    """How a party lost."""
    why = "its clock ran out" if late else "shown to have lied"
    return f"lost to {party_name(against)} ({why})"


def _job(event: Event, known: Known) -> str:
    return known.job_of(event) or ""


def _parts(event: Event) -> str:
    """The partial results in which two sides differ."""
    game = event.args["game"]
    return f": {game['partA']} against {game['partB']}"


def _pair(event: Event, *, start: bool = True) -> str:
    names = f"{party_name(event.number('a'))} and {party_name(event.number('b'))}"
    return names[0].upper() + names[1:] if start else names


def _name(event: Event, number: int, known: Known, *, start: bool = False) -> Sentence:
    """`seat 1 (0x..)`."""
    name = party_name(number)
    name = name.capitalize() if start else name
    row = known.parties.get((event.text("job"), number))
    return say(name) if row is None else say(f"{name} (", account(row.account), Piece(")"))
