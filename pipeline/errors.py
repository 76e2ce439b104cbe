"""Every error smearcount raises on purpose, drawn as a tree.

SmearcountError
├── InputError (ValueError)            what was handed in cannot be used
│   ├── SlideError                     a slide cannot be opened or read
│   │   ├── NotAnImageError            the file is no picture that can be read
│   │   │   └── OwnPictureError        it is an overlay that a count drew
│   │   └── EmptySlideError            there is no picture or no cell in it
│   ├── ScaleError                     the size of a pixel is unknown or absurd
│   └── LabelledDataError              a labelled set is not in the documented form
├── SettingsError (ValueError)          a setting is out of its range
├── ClusterError (ConnectionError)     the machines that share the work cannot be reached or do not fit
├── PortTakenError (OSError)            another program listens where the service shall
├── OutputError (OSError)              a result cannot be written
│   └── OutputExistsError              a result is there already
└── ModelError (models.manifest)       a network file is missing, changed or does not fit

The message of each is one line: what came, what was expected, how to mend it.
"""

import errno
from collections.abc import Mapping
from typing import Any

from models.errors import ModelError, SmearcountError
from pipeline.names import for_line

__all__ = [
    "ClusterError",
    "EmptySlideError",
    "InputError",
    "LabelledDataError",
    "ModelError",
    "NotAnImageError",
    "OutputError",
    "OutputExistsError",
    "OwnPictureError",
    "PortTakenError",
    "ScaleError",
    "SettingsError",
    "SlideError",
    "SmearcountError",
    "error_line",
    "expected_value",
    "mend_of",
    "reason_of",
]

# What pydantic calls a limit, where it keeps it, and our words before it.
_LIMITS = (
    ("greater_than_equal", "ge", "at least"),
    ("less_than_equal", "le", "at most"),
    ("greater_than", "gt", "more than"),
    ("less_than", "lt", "less than"),
)
_MENDS = {
    errno.ENAMETOOLONG: "shorten the name, or the path",
    errno.ELOOP: "mend the link, which leads back to itself",
    errno.ENOENT: "check the spelling",
    errno.ENOTDIR: "check the path: a part of it is a file",
    errno.EISDIR: "name a file, this is a folder",
    errno.EACCES: "change its permissions",
    errno.EPERM: "change its permissions",
    errno.EROFS: "make the disk writable",
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free space there"),
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "close other programs",
}
"""How to mend what the system refused."""
_VALUES = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "path": "a folder or file",
    "string": "text",
    "finite_number": "a finite number",
    "missing": "a value",
}


class InputError(SmearcountError, ValueError):
    """What was handed in cannot be used."""


class SlideError(InputError):
    """A slide cannot be opened or read."""


class NotAnImageError(SlideError):
    """The file is no picture that can be read."""


class OwnPictureError(NotAnImageError):
    """The picture is an overlay that a count drew, saved again."""


class EmptySlideError(SlideError):
    """There is no picture, or not one cell in it."""


class ScaleError(InputError):
    """The size of a pixel is unknown or absurd."""


class LabelledDataError(InputError):
    """A labelled set is not in the documented form."""


class SettingsError(SmearcountError, ValueError):
    """A setting is out of its range, or does not fit another."""


class ClusterError(SmearcountError, ConnectionError):
    """The machines that share the work cannot be reached, or do not fit together."""


class PortTakenError(SmearcountError, OSError):
    """Another program listens where the service shall."""


class OutputError(SmearcountError, OSError):
    """A result cannot be written."""


class OutputExistsError(OutputError):
    """A result is there already."""


def error_line(error: BaseException) -> str:
    """The error's message as printable text of one line, with its type's name where it is not one of ours.

    An error of the operating system names the file and what was refused.
    """
    return for_line(_message(error))


def reason_of(error: BaseException) -> str:
    """What went wrong as printable text of one line, to stand within a message that names the file."""
    if isinstance(error, UnicodeError):
        return "not text in UTF-8"
    return for_line(_folded(getattr(error, "strerror", None) or error)) or type(error).__name__


def mend_of(error: OSError) -> str:
    """How to mend what the system refused, a few words."""
    return _MENDS.get(error.errno or 0, "check the disk and the path")


def expected_value(error: Mapping[str, Any]) -> str:
    """What was expected of a value that pydantic refused, in our words; an entry of its `errors()`."""
    kind, limits = str(error["type"]), error.get("ctx") or {}
    for refused, limit, words in _LIMITS:
        if kind == refused:
            return f"{words} {limits[limit]:,g}"
    return _VALUES.get(kind, _VALUES.get(kind.partition("_")[0], "another value"))


def _folded(text: object) -> str:
    return " ".join(str(text).split())


def _message(error: BaseException) -> str:
    text = _folded(error)
    if isinstance(error, SmearcountError):
        return text or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename is not None else ""
        return f"{place}{error.strerror}; {mend_of(error)}"
    if isinstance(error, MemoryError):
        return "not enough memory; close other programs, or pass fewer --workers or a smaller --tile-px"
    return f"unexpected {type(error).__name__}: {text}" if text else f"unexpected {type(error).__name__}"
