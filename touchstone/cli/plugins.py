"""Finds the roles' commands: Typer applications behind the entry points `touchstone.commands`.

They are loaded when used, so that one broken or heavy role neither stops nor slows the others.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

import typer
import typer.main
from typer.core import TyperGroup

from touchstone.errors import CommandUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typer._click.core import Command, Context

GROUP = "touchstone.commands"


def find_plugins() -> Mapping[str, EntryPoint]:
    """The installed commands by name."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)}


def load_plugin(entry: EntryPoint) -> typer.Typer:
    """The application behind an entry point.

    Raises:
        CommandUnavailableError: it cannot be imported, or it is no Typer application.
    """
    try:
        application = entry.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise CommandUnavailableError(
            f"`touchstone {entry.name}` cannot be loaded from {entry.value} ({reason})"
        ) from error
    if not isinstance(application, typer.Typer):
        raise CommandUnavailableError(f"{entry.value} is not a Typer application")
    return application


class PluginGroup(TyperGroup):
    """A command group that also offers the plugins."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of all commands, own ones first."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in find_plugins() if name not in own)]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of that name; a plugin that cannot be loaded becomes one that says so."""
        own = super().get_command(ctx, cmd_name)
        entry = find_plugins().get(cmd_name)
        if own is not None or entry is None:
            return own
        try:
            application = load_plugin(entry)
        except CommandUnavailableError as error:
            application = _unavailable(error)
        command = typer.main.get_command(application)
        command.name = cmd_name
        return command


def _unavailable(error: CommandUnavailableError) -> typer.Typer:
    application = typer.Typer()

    @application.command(
        help="(cannot be loaded: see `touchstone doctor`)",
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def unavailable() -> None:
        raise error

    return application
