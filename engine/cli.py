"""The command ``smarties``: every task from the shell.

A command builds the task's job dataclass, runs it and prints what came out. An
error a user can act on is one sentence on stderr and exit code 2; anything else is
a defect: exit code 1, with the traceback in the log.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from engine import __version__
from engine.commands import COMMANDS
from engine.errors import CancelledError, SmartiesError
from engine.log import LOGGER, start_log

EXIT_DEFECT = 1
EXIT_ERROR = 2
EXIT_CANCELLED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console command; ends the process with the exit code."""
    log = start_log()
    # GDAL messages that are no text make rasterio fail in a callback: noise to the user, a hint in the log.
    sys.unraisablehook = lambda event: LOGGER.warning("ignored in %r", event.object, exc_info=event.exc_value)
    try:
        code = cli.main(args=arguments, prog_name="smarties", standalone_mode=False) or 0
    except click.exceptions.Abort:
        code = EXIT_CANCELLED
        click.echo("Cancelled; nothing was written.", err=True)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except CancelledError as error:
        code = EXIT_CANCELLED
        click.echo(str(error), err=True)
    except SmartiesError as error:
        LOGGER.info("refused: %s", error, exc_info=True)
        click.echo(f"Error: {error}", err=True)
        code = EXIT_ERROR
    except KeyboardInterrupt:
        code = EXIT_CANCELLED
        click.echo("Cancelled; nothing was written.", err=True)
    except Exception as error:
        LOGGER.exception("defect")
        where = f" The traceback is in {log}." if log else ""
        click.echo(f"Error: something unforeseen happened ({type(error).__name__}).{where}", err=True)
        code = EXIT_DEFECT
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="smarties")
def cli() -> None:
    """Embeddings from the bands of any satellite, by one vision transformer (SMARTIES)."""


for _command in COMMANDS:
    cli.add_command(_command)
