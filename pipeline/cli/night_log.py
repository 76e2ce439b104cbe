"""What a batch tells on stderr: a line that is rewritten in a terminal, a calm log elsewhere, or JSON."""

import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.cli.terminal import say
from pipeline.names import for_line

if TYPE_CHECKING:
    from pipeline.jobs.running.progress import NightEvent, NightProgress, Report

__all__ = ["night_log", "progress_text"]

LOG_EVERY_S = 60.0  # between two lines of progress in a log file: some hundred a night
_BAD = ("failed", "passed_over", "partial")


def night_log(*, as_json: bool, quiet: bool) -> "Report":
    """What a batch calls with each event.

    Parameters
    ----------
    as_json : every event but progress within a minute is one JSON object a line.
    quiet : only what went wrong is told.
    """
    if as_json:
        return _Json(quiet=quiet)
    return _Lines(quiet=quiet, is_terminal=sys.stderr.isatty())


def progress_text(progress: "NightProgress") -> str:
    """How far a run is, in one line."""
    parts = [f"{progress.done} of {progress.total} slides"]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.cells:
        parts.append(f"{progress.cells:,} cells, {progress.cells_per_s:,.0f}/s")
    if progress.cpu_s_per_1000 is not None:
        parts.append(f"{progress.cpu_s_per_1000:.2f} CPU s for 1,000")
    if progress.left_s is not None and progress.done < progress.total:
        left = round(progress.left_s)
        parts.append(f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left")
    return ", ".join(parts)


class _Json:
    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._told_s = float("-inf")

    def __call__(self, event: "NightEvent") -> None:
        if event.kind == "progress":
            if self._quiet or time.monotonic() - self._told_s < LOG_EVERY_S:
                return
            self._told_s = time.monotonic()
        if self._quiet and event.kind != "warning" and event.state not in _BAD:
            return
        facts = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "event": event.kind,
            "slide": event.slide,
            "state": event.state,
            "text": event.text,
            **asdict(event.progress),
        }
        sys.stderr.write(json.dumps(facts, ensure_ascii=True) + "\n")
        sys.stderr.flush()


class _Lines:
    def __init__(self, *, quiet: bool, is_terminal: bool) -> None:
        self._quiet, self._is_terminal = quiet, is_terminal
        self._told_s = time.monotonic()

    def __call__(self, event: "NightEvent") -> None:
        if event.kind == "progress":
            self._progress(progress_text(event.progress))
            return
        is_bad = event.kind == "warning" or event.state in _BAD
        if self._quiet and not is_bad:
            return
        if event.kind == "slide" and not is_bad:
            return  # the line of progress tells that there is one more
        self._clear()
        name = f"{event.slide}: {event.state}: " if event.kind == "slide" else ""
        say(f"{name}{event.text}")

    def _progress(self, text: str) -> None:
        if self._quiet:
            return
        if self._is_terminal:
            sys.stderr.write(f"\r\x1b[K{for_line(text)}")
            sys.stderr.flush()
        elif time.monotonic() - self._told_s >= LOG_EVERY_S:
            self._told_s = time.monotonic()
            say(text)

    def _clear(self) -> None:
        if self._is_terminal:
            sys.stderr.write("\r\x1b[K")
