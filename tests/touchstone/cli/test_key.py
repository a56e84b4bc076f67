import json

import pytest
from typer.testing import CliRunner

from touchstone.chain.keystore import PASSWORD_VARIABLE, load_key
from touchstone.cli.app import app
from touchstone.cli.key import key_path
from touchstone.errors import KeystoreError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path))
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    return tmp_path


def test_a_new_key_is_listed_and_can_be_opened(home):
    runner = CliRunner()
    made = json.loads(runner.invoke(app, ["key", "new", "provider", "--json"]).stdout)

    assert made["path"] == str(home / "keys" / "provider.json")
    assert json.loads(runner.invoke(app, ["key", "list", "--json"]).stdout) == [made]
    assert made["address"] in runner.invoke(app, ["key", "list"]).stdout
    assert load_key(home / "keys" / "provider.json").address == made["address"]


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a" * 65])
def test_a_name_cannot_lead_out_of_the_folder(name):
    with pytest.raises(KeystoreError):
        key_path(name)
