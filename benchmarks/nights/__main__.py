"""What a batch holds and costs over many slides and many nights: `python -m benchmarks.nights KIND`.

`nights` counts forty times fifty small slides into one results folder; `slides` counts a thousand slides of
one field; `overhead` counts some slides by `smearcount batch` and one by one in turn.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.nights.one_by_one import compared
from benchmarks.nights.one_folder import many_nights
from benchmarks.nights.slides import small_slides
from benchmarks.nights.watched import watched_batch

__all__ = ["main"]


def main() -> int:
    """Command of `make nights`."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("kind", choices=["nights", "slides", "overhead"])
    words.add_argument("--slides", type=int, help="slides, of each night if there are several")
    words.add_argument("--nights", type=int, default=40)
    words.add_argument("--pairs", type=int, default=3, help="times that both ways of counting are measured")
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--width", type=int, help="of a field, px")
    words.add_argument("--height", type=int)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "slides"
        if asked.kind == "nights":
            size = (asked.width or 320, asked.height or 240)
            lines = many_nights(place, asked.nights, asked.slides or 50, workers=asked.workers, size=size)
        else:
            slides = asked.slides or (1000 if asked.kind == "slides" else 40)
            small_slides(place, slides, width=asked.width or 1280, height=asked.height or 960)
            if asked.kind == "slides":
                lines = watched_batch(place, Path(folder) / "out", workers=asked.workers)
            else:
                lines = compared(place, Path(folder) / "out", pairs=asked.pairs, workers=asked.workers)
        load = os.getloadavg() if hasattr(os, "getloadavg") else ()
        sys.stdout.write(f"load of the machine at the start: {' '.join(f'{each:.1f}' for each in load)}\n")
        for line in lines:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
