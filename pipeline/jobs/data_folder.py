"""The folder in which the service keeps what it was given and what it found."""

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import OutputError, reason_of

__all__ = ["DataFolder"]

_ABANDONED_S = 86_400.0  # an upload that began a day ago and is not whole was cut off


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFolder:
    """Where a service keeps what it was given and what it found."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The SQLite file of the jobs."""
        return self.root / "ledger.sqlite3"

    @property
    def lock(self) -> Path:
        """The file a worker holds as long as it lives."""
        return self.root / "worker.lock"

    @property
    def incoming(self) -> Path:
        """Uploads that are not whole yet; each in a folder of its own."""
        return self.root / "incoming"

    @property
    def uploads(self) -> Path:
        """Whole uploads, a picture or a folder of photos: ``uploads/<job id>/<name>``."""
        return self.root / "uploads"

    @property
    def results(self) -> Path:
        """Results: ``results/<job id>/<slide>/``."""
        return self.root / "results"

    def create(self) -> None:
        """Make the folders that are missing; OutputError where one cannot be made, listed or written."""
        folders = (self.incoming, self.uploads, self.results)
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot use {self.root} as the data folder ({reason_of(error)}); "
                "set SMEARCOUNT_DATA_DIR to a folder you may write to"
            ) from error
        for folder in (self.root, *folders):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise OutputError(
                    f"cannot use {self.root} as the data folder (no permission to list and write {folder}); "
                    "change its permissions, or set SMEARCOUNT_DATA_DIR to a folder you may write to"
                )

    def keep_upload(self, upload: Path, job_id: str) -> Path:
        """Move a whole upload, alone in its folder, out of `incoming` for good; return where it is now.

        It is a picture, or a folder of photos of one slide. It is on the disk for certain when this returns.
        """
        home = self.uploads / job_id
        for path in (*(upload.iterdir() if upload.is_dir() else ()), upload, upload.parent):
            _flush(path)
        upload.parent.rename(home)
        _flush(self.uploads)
        return home / upload.name

    def sweep(self) -> None:
        """Remove uploads that were cut off, by a power cut for one; those still coming in are younger."""
        for folder in self.incoming.iterdir():
            with suppress(OSError):  # of one that another service swept this moment
                if time.time() - folder.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(folder, ignore_errors=True)


def _flush(path: Path) -> None:
    """Flush a file or a folder's entries to the disk, where the system can (Windows opens no folder)."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
