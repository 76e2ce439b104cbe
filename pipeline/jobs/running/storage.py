"""Whether a run can write its results and read its slides: a full disk, or a folder that went away."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.errors import OutputError, reason_of
from pipeline.files import STAGING_PREFIX
from pipeline.jobs.rows import batch_folder, ledger_path

__all__ = ["StorageError", "storage_trouble"]

_PROBE_BYTES = 2_000_000
"""What has to find room: the result of one photo, and the ledger."""


class StorageError(OutputError):
    """A run waited for a disk or a folder and stopped; the same command resumes it."""


def storage_trouble(out: Path, roots: Sequence[Path]) -> str | None:
    """What is wrong with the results folder or the folders of the slides, one line; None where nothing is.

    Parameters
    ----------
    roots : files and folders that were handed in.
    """
    if not out.is_dir():
        return f"{out}: the folder of the results is gone"
    if not ledger_path(out).is_file():
        return f"{out}: the ledger in the folder of the results is gone"
    probe = batch_folder(out) / f"{STAGING_PREFIX}probe-{secrets.token_hex(4)}"
    try:
        with probe.open("wb") as handle:
            handle.write(bytes(_PROBE_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        return f"{out}: cannot be written ({reason_of(error)})"
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    gone = next((root for root in roots if not root.exists()), None)
    return None if gone is None else f"{gone}: the folder of the slides is gone"
