"""Names that people gave, made safe for where they are written: a line, a table, a picture, a path, a page.

A name comes from a disk or a form. It may hold bytes that are no text, line feeds, the escape codes of a
terminal, marks that turn the direction of writing, or the first character of a formula; and it may be as long
as the system allows. Each function below is the one way into one kind of place.
"""

import hashlib
import html
import unicodedata
from collections.abc import Callable, Iterable
from os import PathLike

__all__ = [
    "CSV_ENCODING",
    "csv_encoding",
    "for_css",
    "for_csv",
    "for_html",
    "for_line",
    "for_path",
    "for_picture",
    "from_csv",
]

CSV_ENCODING = "utf-8-sig"
"""To read one of our tables with: it takes UTF-8 with a byte order mark and without; see `csv_encoding`."""
PATH_BYTES = 180
"""Longest name of a file or folder that is made from one: systems take 255, less what is put round it."""

_JOINERS = "\u200c\u200d"  # Persian and Indic words are spelt with them; they change no direction and no line
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so (OWASP, CSV injection)
_PARTS_A_PATH = "/\\"
_HASH_DIGITS = 8


def for_line(name: "str | PathLike[str]") -> str:
    """Name or message as printable text of one line; whatever else it holds is written as its code.

    Escape codes, line feeds, marks of direction and bytes that are no text become `\\x1b`, `\\n`, `\\u202e`
    and `\\udcff`. Safe in a terminal, a log, JSON and an error's message.
    """
    text = str(name)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else _code(c) for c in text)


def for_csv(value: object) -> str:
    """Cell of a CSV table: one line, and never a formula: one that would be gets an apostrophe before it."""
    text = for_line(str(value))
    return f"'{text}" if str(value).startswith(_FORMULA) or text.startswith(_FORMULA) else text


def csv_encoding(texts: Iterable[str]) -> str:
    """Encoding to write a table with whose names these are: Excel reads UTF-8 as such only by its mark.

    A table of ASCII alone reads the same in any encoding and goes without: tools that know no mark take it.
    """
    return "utf-8" if all(text.isascii() for text in texts) else CSV_ENCODING


def from_csv(text: str) -> str:
    """What `for_csv` was given, where that was printable text of one line."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def for_picture(name: str, drawable: Callable[[str], bool]) -> str:
    """Line of text for a picture; `drawable` is whether the font holds a character."""
    composed = unicodedata.normalize("NFC", for_line(name))
    return "".join(c if c == " " or drawable(c) else _code(c) for c in composed if c not in _JOINERS)


def for_path(name: str, most_bytes: int = PATH_BYTES) -> str:
    """Name of a file or folder of at most so many bytes: printable text, and one part of a path.

    What is not is written as %XX. A name that is too long loses its end, in whose place stands a tilde and
    eight digits of its hash: two long names stay two. May be empty, "." or "..": the caller's to refuse.
    """
    text = "".join(c if _fits_path(c) else _percent(c) for c in name)
    whole = text.encode()
    if len(whole) <= most_bytes:
        return text
    digest = hashlib.sha256(whole).hexdigest()[:_HASH_DIGITS]
    return f"{whole[: most_bytes - _HASH_DIGITS - 1].decode(errors='ignore')}~{digest}"


def for_css(name: object) -> str:
    """Name as a quoted string of a style sheet, also of one within a page: all but letters stand as codes."""
    line = for_line(str(name))
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in line) + '"'


def for_html(name: object) -> str:
    """Name as text of an HTML page, within an element or a quoted attribute."""
    return html.escape(for_line(str(name)), quote=True)


def _fits_path(character: str) -> bool:
    return (character.isprintable() or character in _JOINERS) and character not in _PARTS_A_PATH


def _percent(character: str) -> str:
    from_bytes = "\udc80" <= character <= "\udcff"  # as Python spells a byte of a name that is no text
    data = character.encode(errors="surrogateescape" if from_bytes else "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in data)


def _code(character: str) -> str:
    return character.encode("unicode_escape").decode()
