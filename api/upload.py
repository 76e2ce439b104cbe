"""Write the files of an upload to the disk while they come in, one after the other, below a folder."""

import re
import unicodedata
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from python_multipart import MultipartParser
from python_multipart.multipart import parse_options_header

from api.problems import ProblemError
from pipeline.names import PATH_BYTES, is_kept_name

__all__ = [
    "MAX_FILES",
    "FileWriter",
    "FormWriter",
    "Received",
    "ReceivedFile",
    "broken_form",
    "safe_name",
    "stands_twice",
    "too_large",
]

MAX_FILES = 1000
"""Most pictures in one request."""

_FIELD_BYTES = 4096  # longest text field; those there are hold a number
_NAME_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """One uploaded file; `name` is safe as a file name, `path` is where it lies now."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The files and the text fields of one request, in the order they came."""

    files: tuple[ReceivedFile, ...]
    fields: dict[str, str]


class FileWriter:
    """Writes one file after the other below a folder; every call may block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle: BinaryIO | None = None
        self._files: list[ReceivedFile] = []
        self._fields: dict[str, str] = {}

    def begin(self, name: str) -> None:
        """Begin the next file."""
        if len(self._files) >= MAX_FILES:
            raise too_large(f"more than {MAX_FILES} pictures; send them in several requests")
        path = self._folder / f"{len(self._files):04d}" / name
        path.parent.mkdir()
        self._handle = path.open("wb")
        self._files.append(ReceivedFile(name=name, path=path))

    def write(self, data: bytes) -> None:
        """Write the next piece of what was received."""
        if self._handle is not None:
            self._handle.write(data)

    def finish(self) -> Received:
        """End the last file and return what was received."""
        self.close()
        return Received(files=tuple(self._files), fields=self._fields)

    def close(self) -> None:
        """End the file that was begun, whole or not."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None


@dataclass(slots=True)
class _Part:
    """The part of a form that is being read."""

    header: bytes = b""
    value: bytes = b""
    disposition: bytes = b""
    name: str = ""
    is_file: bool = False
    text: bytes = b""


class FormWriter(FileWriter):
    """Writes the files of a multipart form."""

    def __init__(self, folder: Path, boundary: bytes) -> None:
        super().__init__(folder)
        self._part = _Part()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_begin,
                "on_part_data": self._on_data,
                "on_part_end": self._on_end,
                "on_header_field": self._on_header,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers,
                "on_end": self._on_form_end,
            },
        )

    def write(self, data: bytes) -> None:
        """Read the next piece of the form."""
        self._parser.write(data)

    def finish(self) -> Received:
        """Check that the form is whole and return what was received; raises ProblemError where it is not."""
        self._parser.finalize()
        if not self._ended:
            raise broken_form("ends in the middle; send it again")
        return super().finish()

    def _on_begin(self) -> None:
        self._part = _Part()

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _on_header_end(self) -> None:
        if self._part.header.lower() == b"content-disposition":
            self._part.disposition = self._part.value
        self._part.header = self._part.value = b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._part.disposition)
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        self._part.is_file = True
        given = options[b"filename"].decode("utf-8", "replace")
        if given:  # a browser sends an empty file where none was chosen
            self.begin(safe_name(given))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.is_file:
            super().write(data[start:end])
        elif len(self._part.text) + end - start > _FIELD_BYTES:
            raise too_large(
                f"the field {self._part.name[:_NAME_CHARACTERS]!r} is text of over {_FIELD_BYTES} bytes; "
                "send a picture as a file, with a plain `filename`"
            )
        else:
            self._part.text += data[start:end]

    def _on_end(self) -> None:
        if self._part.is_file:
            self.close()
            return
        if self._part.name in self._fields:
            raise stands_twice(self._part.name)
        self._fields[self._part.name] = self._part.text.decode("utf-8", "replace")

    def _on_form_end(self) -> None:
        self._ended = True


def safe_name(name: str, default: str = "slide") -> str:
    """The name a person gave a file, without anything that a file system or a page could trip over."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = re.sub(r"[^\w .()+-]", "_", last).strip(" .").encode("utf-8", "ignore").decode()
    if len(kept) > _NAME_CHARACTERS or len(kept.encode()) > PATH_BYTES:
        suffix = PurePosixPath(kept).suffix[:10]
        stem = kept[: _NAME_CHARACTERS - len(suffix)].encode()[: PATH_BYTES - len(suffix.encode())]
        kept = stem.decode(errors="ignore").rstrip(" .") + suffix
    return f"_{kept}" if is_kept_name(kept) else kept or default


def stands_twice(name: str) -> ProblemError:
    """The problem of a field that is given more than once: nobody knows which is meant."""
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-request",
        f"{name[:_NAME_CHARACTERS]} stands twice in the request; send it once",
    )


def broken_form(fault: str) -> ProblemError:
    """The problem of a form that cannot be read; `fault` says what of it, and what to do."""
    return ProblemError(HTTPStatus.BAD_REQUEST, "broken-form", f"the form {fault}")


def too_large(detail: str) -> ProblemError:
    """The problem of an upload beyond a limit."""
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)
