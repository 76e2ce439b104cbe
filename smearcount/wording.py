"""Errors in the words of who calls from Python: an argument by its name, no option of the command line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.errors import SmearcountError
from pipeline.names import for_line
from pipeline.settings import CountSettings

__all__ = ["argument_words", "told_by_arguments"]

_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)(?: VALUE)?")
_OUT = re.compile(r"\b(with|another) -o(?![\w-])")
_NAMES = {name.replace("_", "-"): name for name in CountSettings.__slots__} | {
    "overwrite": "overwrite=True",
    "rbc-per-ul": "red_cells_per_ul",
    "whole-film": "whole_film=True",
}
"""Options of `smearcount count`, and the argument that stands for each."""


@contextmanager
def told_by_arguments(*given: Any) -> Iterator[None]:
    """Tell errors by the names of arguments.

    Parameters
    ----------
    given : paths and names as they were handed in, which stay whatever they look like.
    """
    try:
        yield
    except SmearcountError as error:
        text = argument_words(str(error), [for_line(str(one)) for one in given if one is not None])
        if text == str(error):
            raise
        raise type(error)(text) from error


def argument_words(text: str, names: list[str]) -> str:
    """The same with arguments in place of the options of `smearcount count`, but for what is in `names`."""
    held = [name for name in sorted(set(names), key=len, reverse=True) if "-" in name]
    if not held:
        return _by_arguments(text)
    pieces = re.split(f"({'|'.join(map(re.escape, held))})", text)
    return "".join(piece if piece in held else _by_arguments(piece) for piece in pieces)


def _by_arguments(text: str) -> str:
    named = _OPTION.sub(lambda found: _NAMES.get(found[1], found[0]), text)
    return _OUT.sub(lambda found: "as out" if found[1] == "with" else "another out", named)
