"""What may be told to who asks over HTTP: no folder of the server, no option of the command line."""

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.errors import expected_value

__all__ = ["plain_page", "plain_text", "value_line"]

# An absolute path of at least two parts, or of Windows; its last part stays.
_PATH = re.compile(r"(?<![\w.:/<])(?:[A-Za-z]:)?[/\\](?:[^\s/\\;:,()'\"]+[/\\])+([^\s/\\;:,()'\"]*)")
_COMMAND = re.compile(r"(?<![\w-])--?[a-z][\w-]*|\bSMEARCOUNT_|\bsmearcount \w|`")
_PIXEL_SIZE = re.compile(r"\b(?:pass|check|give) (another |a |the right )?--um-per-px(?: VALUE)?")
_AS_PIXEL_SIZE = re.compile(r"\b(?:with|as|by) --um-per-px")
_NO_TEXT = re.compile(r"(<style\b.*?</style>|<script\b.*?</script>)", re.S)  # of a page
_BETWEEN_TAGS = re.compile(r"(?<=>)[^<>]*(?:\s--?[a-z]|SMEARCOUNT_|[/\\])[^<>]*(?=<)")
_HELD = 0xE000  # characters of private use stand for names: no text of one line holds them


def plain_text(text: str, names: Iterable[str] = ()) -> str:
    """A message for who cannot see the server: without its folders and without advice for its command line.

    Advice that can be followed stays; that of the pixel size is worded as the form and the API name it.

    Parameters
    ----------
    names : of slides and pictures in it, as a person gave them. They stay whatever they look like.
    """
    held = [name for name in sorted(set(names), key=len, reverse=True) if name and _plain(name) != name]
    for number, name in enumerate(held):
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", chr(_HELD + number), text)
    told = _plain(text)
    for number, name in enumerate(held):
        told = told.replace(chr(_HELD + number), name)
    return told


def _plain(text: str) -> str:
    told = _PATH.sub(r"\1", text)
    told = _PIXEL_SIZE.sub(lambda found: f"give {found[1] or ''}µm per pixel", told)
    told = _AS_PIXEL_SIZE.sub("as µm per pixel", told).replace("--um-per-px", "µm per pixel")
    kept = [clause for clause in (_without_commands(clause) for clause in told.split("; ")) if clause]
    return "; ".join(kept) or "the service could not do this"


def plain_page(page: str, names: Iterable[str] = ()) -> str:
    """A page of HTML, the text between its tags as `plain_text` tells it; styles and scripts stay."""

    def plain_node(found: re.Match[str]) -> str:
        told = html.unescape(found[0])
        plain = plain_text(told, names)
        return found[0] if plain == told else html.escape(plain, quote=False)

    pieces = _NO_TEXT.split(page)
    pieces[::2] = [_BETWEEN_TAGS.sub(plain_node, piece) for piece in pieces[::2]]
    return "".join(pieces)


def _without_commands(clause: str) -> str:
    """A clause without what names a command: an alternative, the advice after a colon, a sentence."""
    if not _COMMAND.search(clause):
        return clause
    sentences = re.split(r"(?<=[a-z)]\.) ", clause)
    if len(sentences) > 1:
        return " ".join(filter(None, map(_without_commands, sentences)))
    ways = re.split(r"(?:, | )or |, (?=pass )", clause)
    kept = [way for way in ways if not _COMMAND.search(way)]
    if kept:
        return " or ".join(way.strip(" ,") for way in kept)
    finding, _, _ = clause.rpartition(": ")
    end = "." if clause.endswith(".") else ""
    return f"{finding}{end}" if finding and not _COMMAND.search(finding) else ""


def value_line(error: Mapping[str, Any]) -> str:
    """One line for a value that pydantic refused: its name, what came, what was expected."""
    name = (
        ".".join(str(part) for part in error["loc"] if part not in ("query", "path", "body")) or "the request"
    )
    if error["type"] == "string_too_long":  # it may be of a person: not repeated
        return f"{name} has {len(error['input'])} characters; expected at most {error['ctx']['max_length']}"
    found = "nothing" if error["type"] == "missing" else repr(error["input"])[:80]
    return f"{name} is {found}; expected {expected_value(error)}"
