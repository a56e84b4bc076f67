"""The adversaries against the demo language model: the real weights, on a real chain.

Every lie about what it wrote convicts its liar, whose bond pays, and no honest seat loses anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest

from tests.attacks.chains import Chain, equip
from tests.cheats.causal import CausalTamper, flip_at, set_everywhere, write_at
from tests.disputes.arena import Arena, Execution
from tests.disputes.causal import CausalLab
from tests.disputes.demo import STOPS, WRITES, shard_lab, whole_lab
from tests.disputes.duel import Duel, Referee
from tests.disputes.test_strong import Shelf, Shelves, Silent
from tests.support.causal_model import publisher_of_causal
from tests.support.demo_model import demo_model
from tests.support.world import PUBLISHER, TIER
from touchstone.amounts import ONE_TOKEN
from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.chain.devnet import Devnet
from touchstone.disputes.moves import Convict, ConvictCopy, ConvictEnd, ConvictStrong, PostParts
from touchstone.protocol.payload import decode_payload
from touchstone.protocol.prices import BOUNTY, REFUND, bond, slot_ceiling

LONG = pytest.mark.long
CHALLENGER = 9
CEILING = slot_ceiling(TIER)
SILENT, STATES_AND_STALLS, PLAYS = 0, 1, 99
LAST = {STOPS: 2, WRITES: 3}
"""The last position of each prompt: what stands there writes the first token."""


@pytest.fixture(scope="module")
def devnet() -> Iterator[Devnet]:
    with Devnet() as running:
        yield running


@pytest.fixture(scope="module")
def chain(devnet: Devnet) -> Chain:
    chain = equip(devnet, 5, publisher_of_causal(demo_model(), "topics"))
    purse = chain.token.mint(devnet.account(CHALLENGER).address, 10 * ONE_TOKEN)
    chain.sender(PUBLISHER).send(purse)
    return chain


@pytest.fixture(scope="module")
def shard_chain(devnet: Devnet) -> Chain:
    """A market of the second shard, beside that of the whole."""
    return equip(devnet, 2, publisher_of_causal(demo_model(2), "topics-end"))


@cache
def honest(lab: Callable[[], CausalLab]) -> Execution:
    return lab().execute()


def value_of(label: str, lab: Callable[[], CausalLab] = whole_lab) -> int:
    labels = [operator.label for operator in lab().model.program.operators]
    return labels.index(label) + 1


def answers() -> list[list[int]]:
    return [answer.tolist() for answer in decode_payload(honest(whole_lab).output)]


def other_token(token: int) -> int:
    return (token + 1) % 1536


# --- the money -----------------------------------------------------------------------------------


def tried(
    chain: Chain,
    lab: CausalLab,
    executions: list[Execution],
    right: Execution,
    turns: dict[int, int] | None = None,
    **how: object,
) -> Arena:
    """The game between these seats: all but those with the right execution are convicted, each
    loses its bond, of which the requester has its slice, and everybody else has its share."""
    liars = {seat for seat, execution in enumerate(executions) if execution is not right}
    before = chain.wealth()
    arena = Arena.contested(chain, lab, executions, **how)  # type: ignore[arg-type]
    assert arena.play_out(turns) == liars
    winners = arena.disputes.verdict(arena.job.id)[2]
    arena.conclude()

    after = chain.wealth()
    gains = {account: after[account] - before[account] for account in after}
    for winner in winners.values():
        gains[winner] -= BOUNTY * CEILING
    assert gains[chain.requester.address] == len(liars) * REFUND * CEILING
    for seat, provider in arena.job.providers.items():
        expected = -bond(TIER) if seat in liars else arena.job.order.share
        assert gains[provider] == expected, seat
    return arena


def convicted(chain: Chain, tamper: CausalTamper, lab=whole_lab) -> list:
    """The moves of the honest seat against one that tampers so."""
    right, wrong = honest(lab), lab().execute(tamper)
    assert wrong.output != right.output, "nobody disputes a lie that changes no token"
    arena = tried(chain, lab(), [right, wrong], right)
    return [move for moves, _ in arena.gas[0] for move in moves]


def made(moves: list, kind: type) -> bool:
    return any(isinstance(move, kind) for move in moves)


# --- any element ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def referee(chain: Chain) -> Referee:
    return Referee(chain.devnet.w3, chain.deployment)


@pytest.mark.parametrize(
    ("lab", "each"),
    [
        pytest.param(whole_lab, False, id="each kind"),
        pytest.param(whole_lab, True, id="each", marks=LONG),
        pytest.param(shard_lab, True, id="each of a shard", marks=LONG),
    ],
)
def test_a_wrong_element_of_an_operator_is_found(lab, each: bool, referee: Referee) -> None:
    """At any position of any text; all that follows is computed from it, what is written too."""
    random, right = np.random.default_rng(40), honest(lab)
    lab = lab()
    kinds: dict[str, list[int]] = {}
    for value, operator in enumerate(lab.model.program.operators, start=1):
        kinds.setdefault(operator.op, []).append(value)
    values = [v for kind in kinds.values() for v in (kind if each else random.choice(kind, 1))]
    for value in map(int, values):
        sequence = int(random.integers(2))
        position = int(random.integers(lab.positions[sequence]))
        place, bit = int(random.integers(1 << 30)), int(random.integers(32))
        wrong = lab.execute(flip_at(sequence, position, value, place, bit))
        found = Duel(lab, right, wrong, referee).judge()
        assert found.liars == {1}, (sequence, position, value, found)
        game = found.game
        assert (game.sequence, game.position, game.value) == (sequence, position, value)


# --- what it read and wrote ----------------------------------------------------------------------


def test_a_token_that_it_did_not_write(chain: Chain) -> None:
    """It goes on behind another token than its own."""
    tamper = write_at(WRITES, LAST[WRITES] + 1, 0, 0, other_token(answers()[WRITES][0]))
    assert made(convicted(chain, tamper), ConvictEnd)


def test_another_token_than_the_likeliest(chain: Chain) -> None:
    token = other_token(answers()[WRITES][2])
    tamper = write_at(WRITES, LAST[WRITES] + 2, value_of("emitted"), 0, token)
    assert made(convicted(chain, tamper), Convict)


def test_an_answer_that_ends_too_early(chain: Chain) -> None:
    tamper = write_at(WRITES, LAST[WRITES] + 1, value_of("emitted"), 0, NO_TOKEN)
    assert made(convicted(chain, tamper), Convict)


def test_an_answer_that_goes_on_behind_its_end(chain: Chain) -> None:
    behind = LAST[STOPS] + answers()[STOPS].index(NO_TOKEN)
    assert made(convicted(chain, write_at(STOPS, behind, value_of("emitted"), 0, 5)), Convict)


@pytest.mark.parametrize(
    "element",
    [
        pytest.param(1, id="whether it writes", marks=LONG),
        pytest.param(2, id="temperature", marks=LONG),
        pytest.param(3, id="cut-off", marks=LONG),
        pytest.param(4, id="seed"),
        pytest.param(5, id="the seed's other half", marks=LONG),
    ],
)
def test_another_setting_than_was_ordered(chain: Chain, element: int) -> None:
    assert made(convicted(chain, set_everywhere(STOPS, element, 77)), ConvictEnd)


def test_another_prompt(chain: Chain) -> None:
    assert made(convicted(chain, flip_at(STOPS, 1, 0, 0, 3)), ConvictEnd)


def test_an_output_that_its_execution_does_not_give(chain: Chain) -> None:
    """The tokens of another execution behind a right transcript, and bytes too many."""
    lab, right = whole_lab(), honest(whole_lab)
    other = lab.execute(write_at(WRITES, 5, value_of("emitted"), 0, 9)).output
    bare = lab.execute(edit=lambda _: other)
    longer = lab.execute(edit=lambda output: output + bytes(4))
    # The last cannot play: no game is about bytes that its transcript does not give.
    tried(chain, lab, [bare, right, longer], right, {2: SILENT})


# --- how it computed -----------------------------------------------------------------------------


def test_a_sum_over_nine_positions_is_cut_into_parts(chain: Chain) -> None:
    """The liar's parts fold to its element: one of them is wrong."""
    tamper = flip_at(STOPS, 8, value_of("layer.2.mix"), 5, 28)
    assert made(convicted(chain, tamper), PostParts)


@LONG
@pytest.mark.parametrize(
    ("label", "element"),
    [
        ("layer.1.down", 200),
        ("embedding", 3),
        ("layer.0.query_turned", 40),
        ("layer.0.mix", 1),
        ("layer.3.silu", 7),
        ("norm.inverse", 0),
        ("logits", 1535),
    ],
)
def test_a_wrong_element_is_played_to_its_end(chain: Chain, label: str, element: int) -> None:
    convicted(chain, flip_at(WRITES, 5, value_of(label), element, 31))


def test_a_shard_is_played_as_well(shard_chain: Chain) -> None:
    tamper = flip_at(0, 8, value_of("layer.2.mix", shard_lab), 5, 28)
    assert made(convicted(shard_chain, tamper, shard_lab), PostParts)
    # Other rows than those that the first shard gave.
    assert made(convicted(shard_chain, write_at(0, 1, 0, 13, 1 << 22), shard_lab), ConvictEnd)


# --- who lies, and how it plays ------------------------------------------------------------------


@cache
def lies() -> tuple[Execution, Execution]:
    """Two that differ in what they write."""
    lab = whole_lab()
    found = [
        lab.execute(flip_at(sequence, LAST[sequence], value_of("layer.1.down"), 0, 25))
        for sequence in (STOPS, WRITES)
    ]
    outputs = {execution.output for execution in (*found, honest(whole_lab))}
    assert len(outputs) == 3, "a lie that changes no token is none"
    return found[0], found[1]


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([PLAYS, PLAYS, PLAYS, PLAYS], id="all play", marks=LONG),
        pytest.param([PLAYS, STATES_AND_STALLS, SILENT, 3], id="anything goes"),
    ],
)
def test_one_honest_seat_among_five_convicts_all_others(chain: Chain, turns: list[int]) -> None:
    right, (one, other) = honest(whole_lab), lies()
    seats = dict(zip((0, 1, 3, 4), turns, strict=True))
    tried(chain, whole_lab(), [one, one, right, other, one], right, seats)


def test_a_stranger_convicts_all_who_agreed_on_a_lie(chain: Chain) -> None:
    one, _ = lies()
    arena = Arena.settled(chain, whole_lab(), [one, one])
    before = chain.wealth()
    arena.challenge(CHALLENGER, one, honest(whole_lab))
    assert arena.play_out() == {0, 1}
    arena.conclude()
    after = chain.wealth()
    for provider in arena.job.providers.values():
        assert after[provider] - before[provider] == -bond(TIER)


def test_a_stranger_that_lies_about_honest_seats_loses_its_bond(chain: Chain) -> None:
    right, (one, _) = honest(whole_lab), lies()
    arena = Arena.settled(chain, whole_lab(), [right, right])
    before, purse = chain.wealth(), chain.token.balance_of(chain.devnet.account(CHALLENGER).address)
    arena.challenge(CHALLENGER, right, one)
    assert arena.play_out() == set()
    arena.conclude()
    assert chain.wealth() == before
    left = chain.token.balance_of(chain.devnet.account(CHALLENGER).address)
    assert left == purse - arena.disputes.bond


@pytest.mark.parametrize(
    ("tamper", "move"),
    [
        pytest.param(write_at(WRITES, 5, 0, 0, 3), ConvictCopy, id="another token"),
        pytest.param(flip_at(STOPS, 1, 0, 0, 3), ConvictCopy, id="another prompt", marks=LONG),
        pytest.param(set_everywhere(STOPS, 5, 99), ConvictCopy, id="another seed", marks=LONG),
        pytest.param(flip_at(WRITES, 5, 21, 9, 30), ConvictStrong, id="another row"),
    ],
)
def test_one_transaction_convicts_a_strong_claim(chain: Chain, tamper, move) -> None:
    lab = whole_lab()
    right, wrong = lab.execute(strong=True), lab.execute(tamper, strong=True)
    served = Shelves({0: Shelf(right), 1: Shelf(wrong)})
    arena = tried(chain, lab, [right, wrong], right, {1: SILENT}, strong=True, served=served)
    ((moves, gas),) = arena.gas[0][1:]
    assert [type(found) for found in moves] == [move]
    assert gas < 1_000_000


@LONG
def test_a_strong_claim_that_serves_no_openings_is_played(chain: Chain) -> None:
    lab = whole_lab()
    right = lab.execute(strong=True)
    wrong = lab.execute(write_at(WRITES, 5, 0, 0, 3), strong=True)
    served = Shelves({0: Shelf(right), 1: Silent(wrong)})
    arena = tried(chain, lab, [right, wrong], right, strong=True, served=served)
    assert made([move for moves, _ in arena.gas[0] for move in moves], ConvictEnd)
