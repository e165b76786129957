"""How a script of this folder ends: an error a user can act on is one or two sentences and exit code 2."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import click

from engine.errors import SmartiesError

EXIT_ERROR = 2


def help_text(document: str | None) -> str:
    """A module's docstring as a command's help, in which indented lines stay as they are."""
    return re.sub(r"\n\n(?=    )", "\n\n\b\n", document or "")


def run_command(command: click.Command, arguments: Sequence[str] | None, name: str) -> None:
    """Runs ``command`` on ``arguments`` (default: the process's) and ends the process; ``name`` is what it is called.

    A ``SmartiesError`` is told on stderr, and so is a wrong option; anything else is a defect with its traceback.
    """
    try:
        code = command.main(args=arguments, prog_name=name, standalone_mode=False) or 0
    except click.exceptions.Abort:
        code = 130
        click.echo("Cancelled.", err=True)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except SmartiesError as error:
        code = EXIT_ERROR
        click.echo(f"Error: {error.message}", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
    sys.exit(code)
