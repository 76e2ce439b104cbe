"""Slides that failed or wait and whose files were taken away since: nobody can count them any more."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.jobs.running.storage import is_there

__all__ = ["gone_slides"]


def gone_slides(
    uncounted: Mapping[str, str], found: Collection[Path], given: Sequence[Path]
) -> tuple[str, ...]:
    """Names of the slides that are no longer where they were handed in, or are no slide any more.

    A folder that shows nothing at all may be that of a disk which is away: nothing in it counts as gone.

    Parameters
    ----------
    uncounted : paths of the slides without a result, by their names.
    found : paths of the slides that were found now. given : folders and files that were handed in.
    """
    roots = [root for root in given if any(path == root or root in path.parents for path in found)]
    return tuple(
        slide
        for slide, source in uncounted.items()
        if Path(source) not in found and _is_gone(Path(source), roots)
    )


def _is_gone(source: Path, roots: Sequence[Path]) -> bool:
    is_looked_into = any(source == root or root in source.parents for root in roots)
    return is_looked_into or (not is_there(source) and _shows_something(source.parent))


def _shows_something(folder: Path) -> bool:
    with suppress(OSError):
        return any(folder.iterdir())
    return False
