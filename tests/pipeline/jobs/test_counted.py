"""What a worker answers of a slide."""

import errno
from multiprocessing import Pipe
from pathlib import Path

import pytest

from pipeline.jobs.counted import Answer, SlideTask, count_task
from pipeline.settings import CountSettings


def _answer(tmp_path: Path, error: Exception, *, on_cluster: bool = False) -> Answer:
    def count(task: SlideTask, progress: object) -> Path:
        raise error

    task = SlideTask(slide="film", source=Path("film.png"), out=tmp_path, settings=CountSettings())
    return count_task(task, None if on_cluster else Pipe()[0], count)


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
    answer = _answer(tmp_path, error)
    assert answer.kind == "exceeded"
    assert answer.text is not None
    assert "film.png needs more memory than one slide may take; raise --memory-limit" in answer.text


def test_memory_that_is_short_in_a_cluster_is_mended_where_its_workers_are_started(tmp_path: Path) -> None:
    text = _answer(tmp_path, MemoryError(), on_cluster=True).text
    assert text is not None
    assert "its worker has; give the workers of the scheduler more" in text
    assert "--memory-limit" not in text


def test_a_mistake_of_the_program_is_told_as_one(tmp_path: Path) -> None:
    answer = _answer(tmp_path, KeyError("x"))
    assert (answer.kind, answer.text) == ("failed", "film.png: unexpected KeyError: 'x'")
