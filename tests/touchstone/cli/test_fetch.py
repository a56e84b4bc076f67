"""`touchstone model mirror` and `fetch` in processes of their own, as users run them."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from tests.touchstone.cli.test_command import COMMAND
from tests.touchstone.mirrors.models import PIECES, save_wide
from touchstone.cli.fetch import fetch
from touchstone.errors import UsageError
from touchstone.programs import load_model


def test_one_mirrors_a_model_and_another_fetches_it(tmp_path) -> None:
    folder, to = tmp_path / "model", tmp_path / "fetched"
    wanted = save_wide(folder)
    command = [COMMAND, "model", "mirror", str(folder), "--listen", "127.0.0.1:0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            told = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
            assert told["program_roots"] == ["0x" + wanted.program_root.hex()]
            roots = ["--program-root", told["program_roots"][0], "--weight-root"]
            done = subprocess.run(
                [COMMAND, "model", "fetch", *roots, wanted.weight_root.hex(), "--json",
                 "--mirror", f"http://{told['listen']}", "--to", str(to)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    news = json.loads(done.stdout)
    assert (news["doing"], news["fetched"], news["folder"]) == ("done", PIECES, str(to))
    load_model(to)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "either NAME@VERSION, or both"),
        ({"model": "a@1", "weight_root": "00"}, "either NAME@VERSION, or both"),
        ({"program_root": "00" * 32, "weight_root": "0x11"}, "'0x11' is not a root"),
    ],
)
def test_wrong_usage_is_said(tmp_path, words, why) -> None:
    with pytest.raises(UsageError, match=why):
        fetch(tmp_path, **words)
