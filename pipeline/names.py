"""Names that people gave, made safe for where they are written: a line, a table, a picture, a path, a page.

A name comes from a disk or a form. It may hold bytes that are no text, line feeds, the escape codes of a
terminal, marks that turn the direction of writing, or the first character of a formula; and it may be as long
as the system allows. Each function below is the one way into one kind of place.
"""

import hashlib
import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from os import PathLike

__all__ = [
    "CSV_ENCODING",
    "PATH_BYTES",
    "csv_encoding",
    "for_css",
    "for_csv",
    "for_html",
    "for_line",
    "for_path",
    "for_picture",
    "from_csv",
    "is_kept_name",
    "one_of_folder",
]

CSV_ENCODING = "utf-8-sig"
"""To read one of our tables with: it takes UTF-8 with a byte order mark and without; see `csv_encoding`."""
PATH_BYTES = 180
"""Longest name of a file or folder that is made from one: systems take 255, less what is put round it."""

_JOINERS = "\u200c\u200d"  # Persian and Indic words are spelt with them; they change no direction and no line
_FIRST_OF_FORMULA = "=+\\-@|\uff1d\uff0b\uff0d\uff20"  # a spreadsheet runs a cell that begins so (OWASP)
_FORMULA = re.compile(rf"(^|;)( *'*)(?=[{_FIRST_OF_FORMULA}])")
"""Where a formula would begin: also after a semicolon, at which half of Europe's spreadsheets part values."""
_FORMULA_KEPT = re.compile(rf"(^|;)( *'*)'(?=[{_FIRST_OF_FORMULA}])")
_PARTS_A_PATH = "/\\"
_OF_NO_PATH = '<>:"|?*'  # which FAT, exFAT and NTFS take in no name: results go home on a stick
_KEPT_NAMES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]) *(\.|$)"
    r"|(slides\.csv|index\.html)$",
    re.IGNORECASE,
)
"""Names that Windows keeps for itself, whatever their ending, and those of a results folder's own files."""
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
    """Cell of a CSV table: one line, and never a formula: one that would be gets an apostrophe before it.

    Nor is a part of it, where a program parts values at semicolons.
    """
    return _FORMULA.sub(r"\1\2'", for_line(str(value)))


def csv_encoding(texts: Iterable[str]) -> str:
    """Encoding to write a table with whose names these are: Excel reads UTF-8 as such only by its mark.

    A table of ASCII alone reads the same in any encoding and goes without: tools that know no mark take it.
    """
    return "utf-8" if all(text.isascii() for text in texts) else CSV_ENCODING


def from_csv(text: str) -> str:
    """What `for_csv` was given, where that was printable text of one line."""
    return _FORMULA_KEPT.sub(r"\1\2", text)


def for_picture(name: str, drawable: Callable[[str], bool]) -> str:
    """Line of text for a picture; `drawable` is whether the font holds a character."""
    composed = unicodedata.normalize("NFC", for_line(name))
    return "".join(c if c == " " or drawable(c) else _code(c) for c in composed if c not in _JOINERS)


def for_path(name: str, most_bytes: int = PATH_BYTES) -> str:
    """Name of a file or folder on any disk, of at most so many bytes: printable text, one part of a path.

    What is not, and what FAT or NTFS do not take or would change (a colon, a dot at the end, `con`), is
    written as %XX; so are the dot of a hidden file and the names of a results folder's own files. A name that
    is too long loses its end, in whose place stands a tilde and eight digits of its hash: two long names stay
    two. Empty where the name is.
    """
    text = "".join(c if _fits_path(c) else _percent(c) for c in name)
    if text[-1:] in (" ", "."):
        text = text[:-1] + _percent(text[-1])
    if text.startswith(".") or is_kept_name(text):
        text = _percent(text[0]) + text[1:]
    whole = text.encode()
    if len(whole) <= most_bytes:
        return text
    digest = hashlib.sha256(whole).hexdigest()[:_HASH_DIGITS]
    return f"{whole[: most_bytes - _HASH_DIGITS - 1].decode(errors='ignore')}~{digest}"


def is_kept_name(name: str) -> bool:
    """Whether Windows or a results folder keeps a name for itself, whatever is written behind it."""
    return _KEPT_NAMES.match(name) is not None


def one_of_folder(name: str) -> str:
    """What names share that some disks take for one: letters of either size, accents written either way."""
    if name.isascii():  # most names, in a tenth of the time
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def for_css(name: object) -> str:
    """Name as a quoted string of a style sheet, also of one within a page: all but letters stand as codes."""
    line = for_line(str(name))
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in line) + '"'


def for_html(name: object) -> str:
    """Name as text of an HTML page, within an element or a quoted attribute."""
    return html.escape(for_line(str(name)), quote=True)


def _fits_path(character: str) -> bool:
    is_shown = character.isprintable() or character in _JOINERS
    return is_shown and character not in _PARTS_A_PATH and character not in _OF_NO_PATH


def _percent(character: str) -> str:
    from_bytes = "\udc80" <= character <= "\udcff"  # as Python spells a byte of a name that is no text
    data = character.encode(errors="surrogateescape" if from_bytes else "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in data)


def _code(character: str) -> str:
    return character.encode("unicode_escape").decode()
