"""Stopping a run by a signal: the first lets it finish what is in hand, the second ends it at once."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupted", "Stop", "stop_by_signals"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupted(BaseException):
    """Raised where a run waits for something that cannot be asked to stop."""


class Stop:
    """Whether a run was asked to stop.

    Attributes
    ----------
    by : the signal that asked; None where none did.
    end_now : called before the process ends at the second signal.
    raises : whether the first signal raises `Interrupted` too.
    """

    def __init__(self) -> None:
        self.by: int | None = None
        self.end_now: Callable[[], None] | None = None
        self.raises = False

    @property
    def exit_code(self) -> int:
        """As shells count: 130 for Ctrl-C, 143 for any other wish to stop."""
        return 130 if self.by == signal.SIGINT else 143

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """Handle a signal."""
        if self.by is not None:
            if self.end_now is not None:
                self.end_now()
            os._exit(self.exit_code)
        self.by = number
        if self.raises:
            raise Interrupted


@contextmanager
def stop_by_signals() -> Iterator[Stop]:
    """Take SIGINT, SIGTERM and SIGHUP for a wish to stop; a signal that is ignored stays so, as by nohup."""
    stop = Stop()
    earlier = {}
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            earlier[number] = signal.signal(number, stop.ask)
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
