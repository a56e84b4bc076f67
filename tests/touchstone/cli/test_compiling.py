import json

import pytest
from typer.testing import CliRunner

from tests.touchstone.compilers.tiny_decoder import write_tiny
from touchstone.cli.model import app
from touchstone.errors import UsageError
from touchstone.programs import load_shard


def test_a_language_model_is_compiled_cut_and_its_errors_are_told(tmp_path):
    write_tiny(tmp_path / "tiny", num_hidden_layers=3)
    command = ["compile", str(tmp_path / "tiny"), str(tmp_path / "out"), "--cuts", "1,2"]
    done = CliRunner().invoke(app, [*command, "--max-length", "16", "--json"])
    told = json.loads(done.stdout)
    assert (told["model"], told["max_rows"]) == ("tiny@1", 16)
    assert told["shards"] == [[0, 1], [1, 2], [2, 3]]
    assert load_shard(tmp_path / "out", 2).manifest.max_length == 16
    assert len(told["errors"]) == 2 + 3 * 7
    worst = max(told["errors"], key=lambda error: error["greatest"])
    shown = CliRunner().invoke(app, command).stdout
    assert f"by at most {worst['greatest']:.2%} ({worst['label']})" in shown
    shown = CliRunner().invoke(app, [*command, "--weight-bits", "16"]).stdout
    assert "by at most 0.0" in shown


@pytest.mark.parametrize("option", [["--weight-bits", "4"], ["--cuts", "1;2"]])
def test_an_option_that_is_none_is_named(tmp_path, option):
    with pytest.raises(UsageError, match=option[0]):
        CliRunner().invoke(app, ["compile", str(tmp_path), "out", *option], catch_exceptions=False)
