"""The command line: parses, calls one workflow, prints; every error becomes one line on stderr.

Only typer is imported here, and the one command that was asked for, which imports what it runs: `smearcount
--help` must answer at once, and `smearcount status` within 200 ms.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from itertools import pairwise
from types import TracebackType
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

from pipeline.cli.exit_codes import ExitCode
from pipeline.cli.terminal import say
from pipeline.cli.wrong_usage import usage_line
from pipeline.errors import SettingsError, SmearcountError, error_line

__all__ = ["app", "main"]

_COMMANDS = {
    "count": "count:count",
    "batch": "batch:batch",
    "classify": "count:classify",
    "adapt": "adapt:adapt",
    "status": "nights:status_app",
    "merge": "nights:merge",
    "doctor": "doctor:doctor",
    "report": "results:report",
    "export": "results:export",
    "compare": "compare:compare",
    "render": "render:render",
    "demo": "render:demo",
    "serve": "serve:serve",
    "evaluate": "evaluate:app",
    "train": "train:app",
}
"""Where each command stands in this package, in the order of the help."""


class _Commands(Mapping[str, Any]):
    """The commands of a group, each imported and built when it is looked up."""

    def __init__(self, group: TyperGroup) -> None:
        self._group = group
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            module, _, function = _COMMANDS[name].partition(":")
            found = getattr(importlib.import_module(f"pipeline.cli.{module}"), function)
            if not isinstance(found, typer.Typer):
                alone = typer.Typer(add_completion=False)
                alone.command(name)(found)
                found = alone
            command = get_command(found)
            command.name = name
            _simplify_flags(command, typer.Context(self._group, **self._group.context_settings))
            self._built[name] = command
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class OneLineErrors(TyperGroup):
    """Reports every error in one line on stderr and ends with its exit code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = cast("Any", _Commands(self))

    def main(self, args: Sequence[str] | None = None, *pieces: Any, **options: Any) -> Any:
        """Run the command line; options are those of typer."""
        options["standalone_mode"] = False
        words = sys.argv[1:] if args is None else args
        try:
            _check_words(words)
            _simplify_flags(self, None)
            code = super().main(args, *pieces, **options)
        except typer.TyperException as error:
            text = error.format_message()
            if type(error).__name__ == "NoArgsIsHelpError":  # typer keeps the class to itself
                sys.stdout.write(f"{text}\n")  # empty where rich has printed the help
                sys.exit(ExitCode.DONE)
            say(usage_line(error))
            sys.exit(error.exit_code)
        except (SmearcountError, OSError, MemoryError) as error:
            _explain(error)
            sys.exit(_exit_code(error))
        except typer.Abort:
            sys.exit(ExitCode.INTERRUPTED)
        sys.exit(code if isinstance(code, int) else ExitCode.DONE)


def _exit_code(error: BaseException) -> ExitCode:
    if isinstance(error, BlockingIOError):  # another run holds the results folder
        return ExitCode.TRY_AGAIN
    return ExitCode.WRONG_USAGE if isinstance(error, SettingsError) else ExitCode.FAILED


def _check_words(words: Sequence[str]) -> None:
    """Refuse an empty word: as a path it would be the current folder, and it is mostly an unset variable."""
    for before, word in pairwise(("smearcount", *words)):
        if not word:
            raise typer.BadParameter(f"the word after {before} is empty; expected a value; pass one")
        option, equals, value = word.partition("=")
        if option.startswith("--") and equals and not value:
            raise typer.BadParameter(f"the value of {option} is empty; pass one, or leave the option out")


def _simplify_flags(command: Any, parent: typer.Context | None) -> None:
    """Show a flag without `<bool>` in the help, and take it as it stands: typer's check imports pydantic.

    Of a command, and of those below it that are there already.
    """
    context = typer.Context(command, parent=parent, **command.context_settings)
    for parameter in command.get_params(context):
        if getattr(parameter, "is_bool_flag", False):
            parameter.metavar = ""
            parameter.get_runtime_param = _AsItStands
    below = getattr(command, "commands", {})
    for each in () if isinstance(below, _Commands) else below.values():
        _simplify_flags(each, context)


class _AsItStands:
    """Stands for what typer makes of a value."""

    def coerce(self, value: bool | None, **_: object) -> bool | None:
        return value


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
