"""Counts that are cut short at each change they make to the disk, and are run again; a program of its own.

`python -m tests.pipeline.jobs.cut_counts FOLDER HOW` prints a line of JSON: how many were cut, and what was
wrong. It forks a process for each count, which a process with threads must not.
"""

import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from pipeline import batch
from pipeline.counting.result import CountResult
from pipeline.errors import OutputError
from pipeline.jobs import few
from pipeline.jobs.identity import models_of
from pipeline.networks import describe_all, load_classifier, load_detector
from pipeline.provenance import describe_input
from pipeline.settings import CountSettings, ReportSettings
from tests.pipeline.counting.made_up_counts import count_made_up, write_photo

SETTINGS = CountSettings(report=ReportSettings(is_written=False))
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect")
MODELS = describe_all(load_detector(SETTINGS), load_classifier(SETTINGS), SETTINGS)
KEY_OF_MODELS = models_of(SETTINGS)
WRITES, REMOVES = b"w", b"r"
"""What changes are noted as; a full disk refuses the first kind alone."""
FULL = 28
"""Exit code of a count that the disk was full for."""


def main(folder: Path, how: str) -> None:
    """Cut a count short after each of its changes; an earlier result is replaced by it."""
    source, other = write_photo(folder / "film.png"), write_photo(folder / "other.png")
    vars(batch)["count_slide"] = _count
    vars(few)["models_of"] = lambda settings: KEY_OF_MODELS
    cv2.setNumThreads(1)
    few.count_few([other], folder / "first", SETTINGS)  # imports what each process would import anew
    asked = [source]
    earlier, out, whole = folder / "earlier", folder / "out", folder / "whole"
    _run(earlier, asked, settings=replace(SETTINGS, um_per_px=0.2))
    shutil.copytree(earlier, whole)
    changes = folder / "changes"
    _run(whole, asked, partial(_watch, whole, changes, 0, _refuse))
    expected = _held(whole)
    kinds = changes.read_bytes()
    faults = []
    for change in range(1, len(kinds) + 1):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(earlier, out)
        changes.unlink()
        first = _run(out, asked, partial(_watch, out, changes, change, _die if how == "kill" else _refuse))
        if how != "kill" and first == 0 and WRITES in kinds[change - 1 :]:
            faults.append(f"change {change}: a full disk was not told")
        if change % 3 == 0:  # the next command is for another slide; that loses none of this one
            _run(out, [other])
            if not (out / "film" / "summary.json").is_file():
                faults.append(f"change {change}: no result is in place after the next command")
        if _run(out, asked) != 0:
            faults.append(f"change {change}: the same command failed")
        shutil.rmtree(out / "other", ignore_errors=True)
        held = _held(out)
        if held != expected:
            names = [name for name in held.keys() | expected.keys() if held.get(name) != expected.get(name)]
            faults.append(f"change {change}: {sorted(names)} differ")
    print(json.dumps({"cut": len(kinds), "faults": faults}))


def _count(source: Path, settings: CountSettings, *further: Any, **named: Any) -> CountResult:
    """A made-up count that says what it is of, so that the next command knows it for its own."""
    made = count_made_up(source, settings, *further, **named)
    run: dict[str, object] = {
        "input": describe_input(source),
        "settings": asdict(settings),
        "models": MODELS,
        "seconds": {},
    }
    return replace(made, run=run)


def _run(
    out: Path,
    sources: list[Path],
    begin: Callable[[], None] = lambda: None,
    settings: CountSettings = SETTINGS,
) -> int:
    """Count in a process of its own; its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            begin()
            outcomes = few.count_few(sources, out, settings, overwrite=_is_of_other_settings(out, settings))
            code = 0 if all(outcome.state in ("done", "exists") for outcome in outcomes) else FULL
        except OutputError:
            code = FULL
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _is_of_other_settings(out: Path, settings: CountSettings) -> bool:
    """Whether a person would pass --overwrite: what is there was counted otherwise, or is not whole."""
    try:
        run = json.loads((out / "film" / "run.json").read_text(encoding="utf-8"))
    except OSError:
        return True
    return bool(run["settings"]["um_per_px"] != settings.um_per_px)


def _watch(out: Path, changes: Path, at: int, act: Callable[[], None]) -> None:
    """Note each change below a folder, and act before that of a number and before each after it."""
    is_noting = False

    def changed(event: str, facts: tuple[Any, ...]) -> None:
        nonlocal is_noting
        is_write = event == "open" and isinstance(facts[2], int) and facts[2] & (os.O_WRONLY | os.O_RDWR)
        if is_noting or not (is_write or event in CHANGES) or not str(facts[0]).startswith(str(out)):
            return
        is_noting = True
        with changes.open("ab") as notes:
            notes.write(kind := REMOVES if event in ("os.remove", "os.rmdir") else WRITES)
        is_noting = False
        if at and len(changes.read_bytes()) >= at and (kind == WRITES or act is _die):
            act()

    sys.addaudithook(changed)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _refuse() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _held(out: Path) -> dict[str, bytes]:
    """Every file of the results; of slides.csv this slide's row, whose state may say that it was there."""
    held = {path.relative_to(out).as_posix(): path for path in sorted(out.rglob("*")) if path.is_file()}
    files = {name: path.read_bytes() for name, path in held.items() if ".smearcount-batch/ledger" not in name}
    files.pop(".smearcount-batch/lock", None)
    rows = files["slides.csv"].decode("utf-8-sig").splitlines()
    files["slides.csv"] = "\n".join(row for row in rows if not row.startswith("other,")).replace(
        ",exists,", ",done,"
    ).encode()  # fmt: skip
    return files


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
