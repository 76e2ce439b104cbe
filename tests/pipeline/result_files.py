"""The files of a result, to hold two of them against each other."""

from pathlib import Path

__all__ = ["files_of"]


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a slide's folder but run.json, which tells times and the host."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "run.json"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
