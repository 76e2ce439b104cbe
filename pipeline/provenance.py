"""What a count was made of: versions, networks, input and settings, for run.json."""

import dataclasses
import hashlib
import platform
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.errors import SlideError, mend_of, reason_of

__all__ = [
    "HASHED_BYTES_MAX",
    "FileState",
    "SourceState",
    "describe_input",
    "run_record",
    "source_state",
    "versions",
]

HASHED_BYTES_MAX = 1_000_000_000  # a larger file is identified by size and time: reading it takes long
PACKAGES = (
    "smearcount",
    "numpy",
    "opencv-python-headless",
    "ai-edge-litert",
    "pandas",
    "scipy",
    "scikit-image",
)
PICTURES_LISTED_MAX = 10_000  # of a folder, so that run.json stays a file a person can open


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file as it was found: its name, its size, when it was changed (ns), and its inode."""

    name: str
    size_bytes: int
    modified_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The files of a slide as they were found: other ones are another slide."""

    files: tuple[FileState, ...]

    def facts(self) -> list[list[str | int]]:
        """The same for JSON; ledgers and tiles that are kept hold a hash of it."""
        return [[one.name, one.size_bytes, one.modified_ns, one.inode] for one in self.files]


def run_record(
    settings: object,
    described: Mapping[str, object],
    *,
    models: Mapping[str, Mapping[str, object]],
    seed: int | None,
    started: datetime,
    seconds: Mapping[str, float],
) -> dict[str, object]:
    """Everything needed to repeat a count, ready for JSON.

    Parameters
    ----------
    settings : a dataclass of settings.
    described : the slide that was handed in, see `describe_input`.
    models : what is known of each network by its role, e.g. {"detector": {"name": ..., "sha256": ...}}.
    seed : of the random choices; None where the count made none.
    started : when the count began, with its time zone.
    seconds : wall-clock time of each step.
    """
    return {
        "started_utc": started.astimezone(UTC).isoformat(timespec="seconds"),
        "seconds": {step: round(taken, 3) for step, taken in seconds.items()},
        "input": _jsonable(described),
        "settings": _jsonable(settings),
        "seed": seed,
        "models": _jsonable(models),
        "versions": versions(),
        "system": {"platform": platform.platform(), "machine": platform.machine()},
    }


def versions() -> dict[str, str]:
    """Versions of smearcount, Python and the packages that decide a count; 'not installed' where missing."""
    return {"python": platform.python_version()} | {package: _version(package) for package in PACKAGES}


def describe_input(source: Path) -> dict[str, object]:
    """Name, size and SHA-256 of a slide's file, or of each file of its folder.

    A file of 1 GB or more is described by its size and its time of change in place of the hash.

    Raises
    ------
    SlideError
        Where a file cannot be read.
    """
    try:
        if not source.is_dir():
            return {"path": str(source), "files": [_describe_file(source, source.name)]}
        files = sorted(path for path in source.iterdir() if path.is_file() and not path.name.startswith("."))
        listed = [_describe_file(path, path.name) for path in files[:PICTURES_LISTED_MAX]]
        return {"path": str(source), "files": listed, "files_in_folder": len(files)}
    except OSError as error:
        raise _vanished(source, error) from error


def source_state(source: Path) -> SourceState:
    """The files of a slide as they are now.

    Raises
    ------
    SlideError
        Where a file cannot be read.
    """
    try:
        files = (
            [source] if not source.is_dir() else sorted(path for path in source.iterdir() if path.is_file())
        )
        return SourceState(files=tuple(_file_state(path) for path in files if not path.name.startswith(".")))
    except OSError as error:
        raise _vanished(source, error) from error


def _file_state(path: Path) -> FileState:
    now = path.stat()
    return FileState(name=path.name, size_bytes=now.st_size, modified_ns=now.st_mtime_ns, inode=now.st_ino)


def _vanished(source: Path, error: OSError) -> SlideError:
    if isinstance(error, PermissionError):
        return SlideError(
            f"no permission to read {error.filename or source}; expected a readable file or folder; "
            "change its permissions or copy it to your own folder"
        )
    return SlideError(
        f"{source}: cannot be read ({reason_of(error)}); expected a readable file or folder; {mend_of(error)}"
    )


def _describe_file(path: Path, name: str) -> dict[str, object]:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe or a device may never end
        raise SlideError(f"{path} is no file; expected a picture; copy it to a disk")
    facts: dict[str, object] = {"name": name, "bytes": status.st_size}
    if status.st_size < HASHED_BYTES_MAX:
        with path.open("rb") as handle:
            facts["sha256"] = hashlib.file_digest(handle, "sha256").hexdigest()
    else:
        facts["modified_utc"] = datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds")
    return facts


@cache  # what is installed does not change under a running process, and asking takes 6 ms a package
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _jsonable(value: object) -> object:
    """Dataclasses and mappings as dicts, sequences as lists, paths as text; numbers and text stay."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(entry) for entry in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
