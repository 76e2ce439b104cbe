"""What a worker answers of a slide."""

import errno
from pathlib import Path

import pytest

from pipeline.jobs.counted import SlideTask, count_task
from pipeline.settings import CountSettings


def _answer(tmp_path: Path, error: Exception) -> str:
    def count(task: SlideTask, progress: object) -> Path:
        raise error

    task = SlideTask(slide="film", source=Path("film.png"), out=tmp_path, settings=CountSettings())
    answer = count_task(task, None, count)
    assert answer.kind == "failed"
    return answer.text or ""


def _as_cause(error: Exception) -> RuntimeError:
    wrapped = RuntimeError("the network failed")
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        SystemError("error return without exception set"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("std::bad_alloc"),
        _as_cause(MemoryError()),
    ],
)
def test_memory_that_was_refused_is_told_as_such_however_a_library_tells_it(
    tmp_path: Path, error: Exception
) -> None:
    text = _answer(tmp_path, error)
    assert "film.png needs more memory than one slide may take; raise --memory-limit" in text


def test_a_mistake_of_the_program_is_told_as_one(tmp_path: Path) -> None:
    assert _answer(tmp_path, KeyError("x")) == "film.png: unexpected KeyError: 'x'"
