"""Makes a folder that is there whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import OutputError, OutputExistsError

__all__ = ["new_folder"]


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
        message = f"cannot write {out} ({error.strerror}); name a folder that can be written"
        raise OutputError(message) from error
