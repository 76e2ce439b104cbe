"""Pictures as OpenCV decodes them, and what the libraries below it print about damage."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["decoded", "quiet_stderr"]

_STDERR = 2
_REMARKS_BYTES = 4096
# The file descriptor belongs to the whole process, so its lock does too.
_stderr_lock = threading.RLock()


def decoded(data: NDArray[np.uint8], flags: int) -> tuple[NDArray[Any] | None, bytes]:
    """Decoded picture or None, and what the decoders printed about it."""
    with quiet_stderr() as said:
        try:
            return cv2.imdecode(data, flags), said()
        except cv2.error:
            return None, said()


@contextmanager
def quiet_stderr() -> Iterator[Callable[[], bytes]]:
    """What the decoders print about a picture is kept, up to so many bytes, and shown to nobody."""
    # libjpeg and libpng write to file descriptor 2 from C, past sys.stderr. Their remarks about stray bytes
    # (many phones write them) would stand between the progress lines; damage is reported as an error.
    with _stderr_lock:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # there is no stderr (a service without a console)
            yield bytes
            return
        try:
            with tempfile.TemporaryFile() as heard:
                os.dup2(heard.fileno(), _STDERR)
                yield lambda: os.pread(heard.fileno(), _REMARKS_BYTES, 0)
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
