"""Words a wrong word on the command line: what came, what was expected, and where to read."""

import re
from typing import Any

from pipeline.errors import expected_value

__all__ = ["usage_line"]


_OPTION = re.compile(r"Invalid value for (.*?)(?: \(env var: [^)]*\))?: ")
"""How typer names an option, and behind it the variable that may stand for it."""


def usage_line(error: Any) -> str:
    """The line for an error of typer's."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "smearcount"
    return f"{_refused(error) or error.format_message()} (see {command} --help)"


def _refused(error: Any) -> str:
    """The same for a value that pydantic, which typer asks, refused; empty where it was something else."""
    entries = getattr(error.__cause__, "errors", None)
    if entries is None:
        return ""
    entry = entries()[0]
    value = str(entry["input"])
    option = _OPTION.match(str(error.format_message()))
    named = option[1] if option else "the value"
    comma = ", with a point and no comma" if "," in value else ""
    return f"{named} is {value!r}; expected {expected_value(entry)}{comma}"
