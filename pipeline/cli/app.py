"""The command line: parses, calls one workflow, prints; every error becomes one line on stderr.

Only typer is imported here: `smearcount --help` must answer at once. Each command imports what it runs.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from types import TracebackType
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from pipeline.cli import count as cli_count
from pipeline.cli import evaluate as cli_evaluate
from pipeline.cli import render as cli_render
from pipeline.cli import serve as cli_serve
from pipeline.cli import train as cli_train
from pipeline.cli.exit_codes import ExitCode
from pipeline.cli.terminal import say
from pipeline.errors import SmearcountError, error_line

__all__ = ["app", "main"]


class OneLineErrors(TyperGroup):
    """Tells every error in one line on stderr and ends with its exit code."""

    def main(self, args: Sequence[str] | None = None, *pieces: Any, **options: Any) -> Any:
        """Run the command line; options are those of typer."""
        options["standalone_mode"] = False
        try:
            code = super().main(args, *pieces, **options)
        except typer.TyperException as error:
            text = error.format_message()
            if type(error).__name__ == "NoArgsIsHelpError":  # its text is the help, which is several lines
                sys.stderr.write(f"{text}\n")
            else:
                say(f"{text} (see smearcount --help)")
            sys.exit(error.exit_code)
        except (SmearcountError, OSError, MemoryError) as error:
            _explain(error)
            sys.exit(ExitCode.FAILED)
        except typer.Abort:
            sys.exit(ExitCode.INTERRUPTED)
        sys.exit(code if isinstance(code, int) else ExitCode.DONE)


app = typer.Typer(
    name="smearcount",
    cls=OneLineErrors,
    help="Count malaria parasites in stained thin blood films. A research tool: it does not diagnose.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("count")(cli_count.count)
app.command("classify")(cli_count.classify)
app.add_typer(cli_evaluate.app, name="evaluate")
app.add_typer(cli_train.app, name="train")
app.command("render")(cli_render.render)
app.command("demo")(cli_render.demo)
app.command("serve")(cli_serve.serve)


def main() -> None:
    """Console script `smearcount`."""
    for stream in (sys.stdout, sys.stderr):  # a console of few letters gets codes for the others
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.excepthook = _tell_unexpected  # calling app itself would put typer's own in its place
    get_command(app)()


def _tell_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error nobody foresaw is still told in one line."""
    _explain(error.with_traceback(trace))


def _explain(error: BaseException) -> None:
    if os.environ.get("SMEARCOUNT_DEBUG") == "1":
        traceback.print_exception(error)
    foreseen = isinstance(error, SmearcountError | OSError | MemoryError)
    hint = "" if foreseen else "; SMEARCOUNT_DEBUG=1 shows where"
    say(f"{error_line(error)}{hint}")
