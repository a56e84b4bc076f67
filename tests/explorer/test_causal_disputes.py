"""A dispute about what a language model wrote, as people read it."""

from __future__ import annotations

from pathlib import Path

from tests.attacks.chains import equip
from tests.cheats.causal import flip_at
from tests.disputes.arena import Arena
from tests.disputes.causal import prompt_lab
from tests.explorer.disputed import Court
from tests.explorer.indexing import browser, fresh_database, indexer_of
from tests.explorer.test_pages import text_of
from tests.support.causal_model import prompt_model, publisher_of_causal
from touchstone.chain.devnet import Devnet


def test_a_token_that_was_not_emitted_is_told_with_its_position(tmp_path: Path) -> None:
    lab = prompt_lab()
    with Devnet() as devnet:
        court = Court(equip(devnet, 2, publisher_of_causal(prompt_model())), lab, tmp_path)
        wrong = lab.execute(flip_at(0, 4, 0, 0, 3))
        arena = Arena.contested(court.chain, lab, [lab.execute(), wrong])
        assert arena.play_out() == {1}
        database = fresh_database(tmp_path / "explorer.sqlite")
        client = browser(court, database, indexer_of(court, database).catch_up())
        page = f"/jobs/0x{arena.job.id.hex()}"
        shown, told = text_of(client.get(page).text), client.get(f"/api{page}").json()

        (found,) = told["dispute"]["convictions"]
        assert (found["sequence"], found["position"], found["value"]) == (0, 4, 0)
        assert "element 0 of value 0 (the input) at position 4 of sequence 0 is" in shown
        assert "differ first in position 4 of sequence 0" in shown
        assert "positions 0 to 13" not in shown
        assert "over, at element 0 of value 0 (the input) at position 4 of sequence 0" in shown
        database.close()
