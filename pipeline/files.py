"""The one way to write: a file or folder is written beside its place, flushed to the disk and renamed."""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pipeline.errors import OutputError, OutputExistsError, mend_of, reason_of

__all__ = [
    "STAGING_PREFIX",
    "flush_folder",
    "new_folder",
    "output_errors",
    "remove_staged_by",
    "staging_place",
    "to_json",
    "whole_file",
    "write_json",
    "write_synced",
    "write_whole",
]


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` to write into, which takes its place when all is written.

    Parameters
    ----------
    out : must not exist, or be empty; the folders above it are made.

    Raises
    ------
    OutputExistsError
        Something is there already.
    OutputError
        It cannot be written; nothing stays behind.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise OutputExistsError(f"{out} exists already; name another folder or remove it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            yield beside
            beside.chmod(0o755)
            beside.replace(out)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        message = f"cannot write {out} ({reason_of(error)}); name a folder that can be written"
        raise OutputError(message) from error


STAGING_PREFIX = ".smearcount-"  # of the hidden folder or file that is renamed once it is whole


def staging_place(folder: Path) -> Path:
    """Where this process writes a file or folder in `folder` before it is renamed; twelve hex digits.

    The first six are of the process, so that what it half wrote is known for its own once it is dead.
    """
    return folder / f"{STAGING_PREFIX}{_digits_of(os.getpid())}{secrets.token_hex(3)}"


def remove_staged_by(pid: int, folder: Path) -> None:
    """Remove what a process that is dead had half written in `folder`."""
    for left in folder.glob(f"{STAGING_PREFIX}{_digits_of(pid)}{'[0-9a-f]' * 6}"):
        with suppress(OSError):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _digits_of(pid: int) -> str:
    return f"{pid & 0xFFFFFF:06x}"


def write_whole(path: Path, data: bytes) -> None:
    """Write one file beside its place, flush it to the disk and rename it.

    Raises
    ------
    OutputError
        Where it cannot be written; an earlier file stays as it was.
    """
    with whole_file(path) as handle:
        handle.write(data)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write into piece by piece; it takes its place once whole; errors as `write_whole`."""
    staging = staging_place(path.parent)
    with output_errors(path):
        try:
            with staging.open("wb") as handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
            staging.replace(path)
            flush_folder(path.parent)
        finally:
            staging.unlink(missing_ok=True)


def to_json(data: object) -> str:
    """JSON text ending in a line feed; a byte of a path that is no text is escaped, as JSON has it."""
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace").decode() + "\n"


def write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())


def flush_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, where the system can (Windows cannot open a folder)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def output_errors(place: Path) -> Iterator[None]:
    """Tell what the system refused in one line."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{place}: cannot be written ({reason_of(error)}); {mend_of(error)}, "
            "or choose another folder with -o"
        ) from error


def write_json(path: Path, data: Mapping[str, object]) -> None:
    """Write `data` as JSON, whole or not at all; a file that is there is replaced.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    write_whole(path, to_json(data).encode())
