"""The `touchstone` command: its own subcommands, and those of the roles that are installed."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

import touchstone
from touchstone.cli import devnet, dispute, doctor, key, zk
from touchstone.cli.output import emit_error
from touchstone.cli.plugins import PluginGroup
from touchstone.errors import TouchstoneError, UsageError

app = typer.Typer(
    cls=PluginGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A marketplace for verified AI inference.",
)
app.add_typer(devnet.app, name="devnet")
app.add_typer(key.app, name="key")
app.add_typer(dispute.app, name="dispute")
app.add_typer(zk.app, name="zk")
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"touchstone {touchstone.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """A marketplace for verified AI inference."""


def main() -> None:
    """Runs the command line; an expected failure becomes one line, and exit status 1.

    Wrong usage has exit status 2, as everywhere.
    """
    json = "--json" in sys.argv
    try:
        sys.exit(app(standalone_mode=False))
    except NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except ClickException as error:
        emit_error(UsageError(_advice(error)), json)
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(1)
    except TouchstoneError as error:
        emit_error(error, json)
        sys.exit(1)


def _advice(error: ClickException) -> str:
    """What is wrong with the usage, and where to read how it is right."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "touchstone"
    return f"{error.format_message().rstrip('.')}: see `{command} --help`"
