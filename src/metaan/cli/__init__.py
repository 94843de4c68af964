"""The command line: joins stages, computes nothing.

Each command stands in a module of its own, imported when it is asked for. Exit codes: 0 clean, 1 warnings where
``--strict`` asks for it, 2 bad input, 3 a fault of the program.
"""

import sys
from importlib import import_module

import click

from metaan.cli.shared import INTERNAL

#: command -> module of `metaan.cli` that holds it, and its name there
_COMMANDS = {
    "new": ("workbooks", "new"),
    "template": ("workbooks", "template"),
    "check": ("check", "check"),
    "appraise": ("appraise", "appraise"),
    "split": ("extractors", "split"),
    "compare": ("extractors", "compare"),
    "consensus": ("extractors", "consensus"),
    "export": ("exchange", "export_"),
    "import": ("exchange", "import_"),
    "diff": ("exchange", "diff"),
    "effects": ("numbers", "effects"),
    "pool": ("numbers", "pool"),
    "version": ("numbers", "version"),
}


class _Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"metaan.cli.{module}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Systematic reviews and meta-analysis from an extraction workbook."""


def entry() -> None:
    """Run the command line; a fault of the program ends with 3 and says so in one sentence."""
    try:
        main()
    except Exception as error:  # the last resort: everything foreseen has its own message
        click.echo(f"A fault in metaan itself: {type(error).__name__}: {error}", err=True)
        click.echo("Please report it, with the command you ran.", err=True)
        sys.exit(INTERNAL)
