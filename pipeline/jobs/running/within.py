"""A few slides, each counted by a worker process within a budget of time and memory.

What one slide does to its worker, by its size, by a broken decoder or by never ending, no other feels.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import SmearcountError, error_line
from pipeline.jobs.counted import Answer, CountTask, SlideTask
from pipeline.jobs.results import read_summary
from pipeline.jobs.running.isolated import SlideWorkers
from pipeline.output.outcome import SlideOutcome
from pipeline.output.place import check_destination
from pipeline.reader.source import slide_name
from pipeline.settings import BatchSettings, CountSettings, Progress, SlideProgress

__all__ = ["count_over", "count_within", "free_places"]

TRIES = 2
"""How often a slide is given to a worker before it is given up: it may be what ends them."""


def free_places(
    sources: Sequence[Path], out: Path, *, overwrite: bool
) -> tuple[list[Path], list[SlideOutcome]]:
    """Slides whose result may be written, and the outcomes of the others."""
    free, refused = [], []
    for source in sources:
        try:
            check_destination(out, slide_name(source), overwrite=overwrite)
            free.append(source)
        except SmearcountError as error:
            refused.append(_failed(source, error_line(error)))
    return free, refused


def count_over(task: SlideTask, progress: Progress | None) -> Path:
    """`pipeline.batch.count_and_write` in a worker: what is there was left by an attempt that died.

    Or it is to be replaced: whether it may be was seen before.
    """
    from pipeline.batch import count_and_write

    source, out, name = task.source, task.out, task.slide
    return count_and_write(source, out, task.settings, name=name, overwrite=True, progress=progress)[1]


def count_within(
    sources: Sequence[Path],
    out: Path,
    settings: CountSettings,
    limits: BatchSettings,
    *,
    progress: SlideProgress | None = None,
    count: CountTask = count_over,
) -> Iterator[SlideOutcome]:
    """Count slides of different names on this machine, and write the folder of each: outcomes as they come.

    Where there are fewer slides than workers, each slide's tiles are shared among those that it gets.

    Parameters
    ----------
    sources : those whose place is free, or whose result there is to be replaced: see `free_places`.
    limits : of memory and time for one slide; nothing else of them is used.
    progress : called with the slide, its tiles done, all its tiles and the red cells found; not where several
        slides are counted at a time.
    count : what counts a slide; a function at the top level of a module.
    """
    each = max(settings.workers // max(len(sources), 1), 1)
    at_once = max(settings.workers // each, 1)
    named = {slide_name(source): source for source in sources}
    workers = SlideWorkers(at_once, limits, count)
    waiting, tries = deque(named), Counter[str]()
    try:
        while waiting or workers.running:
            while waiting and workers.room:
                slide = waiting.popleft()
                tries[slide] += 1
                own = replace(settings, workers=each)
                workers.start(SlideTask(slide=slide, source=named[slide], out=out, settings=own))
            for event in workers.events():
                if not isinstance(event, Answer):
                    if progress is not None and at_once == 1:
                        progress(named[event.slide], event.done, event.total, event.cells)
                elif event.kind == "died" and tries[event.slide] < TRIES:
                    waiting.appendleft(event.slide)
                else:
                    yield _outcome(event, named[event.slide], out)
    finally:
        workers.close()


def _outcome(answer: Answer, source: Path, out: Path) -> SlideOutcome:
    folder = out / answer.slide
    if answer.kind != "done":
        text = answer.text or "stopped"
        return _failed(source, f"{source}: {text}" if answer.kind == "died" else text)
    try:
        summary = read_summary(folder)
    except SmearcountError as error:
        return _failed(source, error_line(error))
    return SlideOutcome(slide=answer.slide, source=source, folder=folder, summary=summary, error=None)


def _failed(source: Path, error: str) -> SlideOutcome:
    return SlideOutcome(slide=slide_name(source), source=source, folder=None, summary=None, error=error)
