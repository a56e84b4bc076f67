from importlib.metadata import EntryPoint

import pytest
import typer
from typer.testing import CliRunner

from touchstone.cli import app as command
from touchstone.cli import plugins
from touchstone.errors import CommandUnavailableError

good = typer.Typer()


@good.command()
def hello() -> None:
    print("hello from a plugin")


@pytest.fixture
def installed(monkeypatch):
    def install(**values):
        found = {n: EntryPoint(name=n, value=v, group=plugins.GROUP) for n, v in values.items()}
        monkeypatch.setattr(plugins, "find_plugins", lambda: found)

    return install


def test_a_plugin_becomes_a_subcommand(installed):
    installed(greet=f"{__name__}:good")

    assert CliRunner().invoke(command.app, ["greet"]).stdout == "hello from a plugin\n"


@pytest.mark.parametrize("value", ["no.such.module:app", f"{__name__}:none", f"{__name__}:hello"])
def test_a_broken_plugin_hurts_only_itself(installed, value):
    installed(broken=value, greet=f"{__name__}:good")
    runner = CliRunner()

    assert "greet" in runner.invoke(command.app, ["--help"]).stdout
    assert runner.invoke(command.app, ["greet"]).exit_code == 0
    failure = runner.invoke(command.app, ["broken", "any", "--flag"]).exception
    assert isinstance(failure, CommandUnavailableError)
    assert value in str(failure)


def test_a_plugin_never_replaces_an_own_command(installed):
    installed(doctor="no.such.module:app")

    assert "Check this machine" in CliRunner().invoke(command.app, ["doctor", "--help"]).stdout
