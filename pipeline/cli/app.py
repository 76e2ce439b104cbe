"""The command line: parses, calls one workflow, prints; every error becomes one line on stderr.

Only typer is imported here: `smearcount --help` must answer at once. Each command imports what it runs.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import pairwise
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from pipeline.cli import adapt as cli_adapt
from pipeline.cli import batch as cli_batch
from pipeline.cli import compare as cli_compare
from pipeline.cli import count as cli_count
from pipeline.cli import doctor as cli_doctor
from pipeline.cli import evaluate as cli_evaluate
from pipeline.cli import nights as cli_nights
from pipeline.cli import render as cli_render
from pipeline.cli import results as cli_results
from pipeline.cli import serve as cli_serve
from pipeline.cli import train as cli_train
from pipeline.cli.exit_codes import ExitCode
from pipeline.cli.terminal import say
from pipeline.errors import SmearcountError, error_line

__all__ = ["app", "main"]


class OneLineErrors(TyperGroup):
    """Reports every error in one line on stderr and ends with its exit code."""

    def main(self, args: Sequence[str] | None = None, *pieces: Any, **options: Any) -> Any:
        """Run the command line; options are those of typer."""
        options["standalone_mode"] = False
        words = sys.argv[1:] if args is None else args
        try:
            _check_words(words)
            _leave_types_off_flags(self, None)
            code = super().main(args, *pieces, **options)
        except typer.TyperException as error:
            text = error.format_message()
            if type(error).__name__ == "NoArgsIsHelpError":  # typer keeps the class to itself
                sys.stdout.write(f"{text}\n")  # empty where rich has printed the help
                sys.exit(ExitCode.DONE)
            say(f"{text} (see smearcount --help)")
            sys.exit(error.exit_code)
        except (SmearcountError, OSError, MemoryError) as error:
            _explain(error)
            sys.exit(ExitCode.FAILED)
        except typer.Abort:
            sys.exit(ExitCode.INTERRUPTED)
        sys.exit(code if isinstance(code, int) else ExitCode.DONE)


def _check_words(words: Sequence[str]) -> None:
    """Refuse an empty word: as a path it would be the current folder, and it is mostly an unset variable."""
    for before, word in pairwise(("smearcount", *words)):
        if not word:
            raise typer.BadParameter(f"the word after {before} is empty; expected a value; pass one")
        option, equals, value = word.partition("=")
        if option.startswith("--") and equals and not value:
            raise typer.BadParameter(f"the value of {option} is empty; pass one, or leave the option out")


def _leave_types_off_flags(command: Any, parent: typer.Context | None) -> None:
    """Show a flag without `<bool>` in the help of a command and of those below it."""
    context = typer.Context(command, parent=parent, **command.context_settings)
    for parameter in command.get_params(context):
        if getattr(parameter, "is_bool_flag", False):
            parameter.metavar = ""
    for below in getattr(command, "commands", {}).values():
        _leave_types_off_flags(below, context)


app = typer.Typer(
    name="smearcount",
    cls=OneLineErrors,
    help="Count malaria parasites in stained thin blood films. A research tool: it does not diagnose.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from pipeline.provenance import versions

        sys.stdout.write(f"smearcount {versions()['smearcount']}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


app.command("count")(cli_count.count)
app.command("batch")(cli_batch.batch)
app.command("classify")(cli_count.classify)
app.command("adapt")(cli_adapt.adapt)
app.command("status")(cli_nights.status)
app.command("merge")(cli_nights.merge)
app.command("doctor")(cli_doctor.doctor)
app.command("report")(cli_results.report)
app.command("export")(cli_results.export)
app.command("compare")(cli_compare.compare)
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
    get_command(app)(prog_name="smearcount")  # also where a process was started another way


def _tell_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An unexpected error is still reported in one line."""
    _explain(error.with_traceback(trace))


def _explain(error: BaseException) -> None:
    if os.environ.get("SMEARCOUNT_DEBUG") == "1":
        traceback.print_exception(error)
    foreseen = isinstance(error, SmearcountError | OSError | MemoryError)
    hint = "" if foreseen else "; SMEARCOUNT_DEBUG=1 shows where"
    say(f"{error_line(error)}{hint}")
