"""Rendered scans: one slide of any size as a pyramidal TIFF, with the exact truth beside it, as a stream."""

import multiprocessing
import os
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import IO

from pipeline.errors import OutputError
from pipeline.files import new_folder
from pipeline.synthetic.scan.chunk import CHUNK_PX, Chunk, ChunkArtist, DrawnChunk
from pipeline.synthetic.scan.film import AREAS, Film
from pipeline.synthetic.scan.pyramid import PyramidSpool
from pipeline.synthetic.scan.rows import BodyRows, block_px
from pipeline.synthetic.scan.stamps import Boxes, Placed, farthest_px, reach_px

__all__ = ["render_scan"]

_IN_HAND = 3  # chunks a worker


def render_scan(film: Film, out: Path, *, workers: int = 1) -> Path:
    """Write one rendered scan as a field set: fields.csv, cells.csv and images/<slide>.tif.

    A film with areas adds areas.csv, a row for each corner of an area's outline (area, corner, x, y), and the
    column `area` to cells.csv.

    Memory does not grow with the height of the scan, and little with its width. The result does not depend on
    the number of workers. As a scanner corrects its light and its colours, the vignette, the gradient and the
    shift of the optics are left out.

    Parameters
    ----------
    out : folder that is made, whole or not at all; it must not exist, or be empty.
    workers : processes that draw.

    Raises
    ------
    OutputExistsError : something is there already.
    OutputError : the folder cannot be written, or a worker ended.
    """
    try:
        with new_folder(out) as folder:
            _write_scan(film, folder, workers)
    except BrokenProcessPool as error:
        message = f"{out} was not written: a worker process ended; free some memory or take fewer --workers"
        raise OutputError(message) from error
    return out


def _write_scan(film: Film, folder: Path, workers: int) -> None:
    settings = film.settings
    slide = f"rendered-{settings.seed}"
    (folder / "images").mkdir()
    rows = BodyRows(film)
    with tempfile.TemporaryFile(dir=folder) as file, _table(folder / "cells.csv") as cells:
        area = ",area" if film.across else ""
        cells.write(f"field,label,x,y,xmin,ymin,xmax,ymax{area}\n")
        spool = PyramidSpool((settings.width, settings.height), settings.optics.jpeg_quality, file)
        for drawn in _drawn(film, _chunks(film, _recorded(film, rows, slide, cells)), workers):
            spool.add(drawn)
        _synced(cells)
        spool.write(folder / "images" / f"{slide}.tif", settings.um_per_px)
    with (folder / "images" / f"{slide}.tif").open("rb") as image:
        os.fsync(image.fileno())
    if film.across:
        _write_areas(film, folder / "areas.csv")
    with _table(folder / "fields.csv") as fields:
        fields.write("field,slide,image,complete,n_rbc,n_parasitized\n")
        fields.write(f"{slide},{slide},images/{slide}.tif,1,{rows.red_cells},{rows.infected}\n")
        _synced(fields)


def _write_areas(film: Film, path: Path) -> None:
    with _table(path) as areas:
        areas.write("area,corner,x,y\n")
        for name, corners in film.outlines():
            for number, (x, y) in enumerate(corners, 1):
                areas.write(f"{name},{number},{round(x, 1)},{round(y, 1)}\n")
        _synced(areas)


def _table(path: Path) -> IO[str]:
    return path.open("w", encoding="utf-8", newline="")


def _synced(file: IO[str]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _recorded(film: Film, rows: BodyRows, field: str, cells: IO[str]) -> Iterator[list[Placed]]:
    """Pass the rows on, and write those that have a place in the truth into cells.csv."""
    boxes = Boxes(film.styles)
    for row in rows:
        for placed in row:
            label = placed.body.label
            if label:
                sides = [round(side, 1) for side in boxes.of(placed)]
                xmin, ymin, xmax, ymax = sides
                x, y = round((xmin + xmax) / 2, 2), round((ymin + ymax) / 2, 2)
                area = f",{AREAS[film.area(placed.body.x, placed.body.y)]}" if film.across else ""
                cells.write(f"{field},{label},{x},{y},{xmin},{ymin},{xmax},{ymax}{area}\n")
        yield row


def _chunks(film: Film, rows: Iterator[list[Placed]]) -> Iterator[Chunk]:
    """The chunks row by row, each with the bodies that reach into it."""
    settings = film.settings
    columns, count = -(-settings.width // CHUNK_PX), -(-settings.height // CHUNK_PX)
    farthest = farthest_px(settings)
    held: list[tuple[Placed, float]] = []
    laid_out_to = 0
    for row in range(count):
        top, bottom = row * CHUNK_PX, (row + 1) * CHUNK_PX
        held = [(placed, reach) for placed, reach in held if placed.body.y + reach >= top]
        while laid_out_to < min(bottom + farthest, settings.height):
            held += [(placed, reach_px(placed.body, settings)) for placed in next(rows)]
            laid_out_to += block_px(settings)
        bodies: list[list[Placed]] = [[] for _ in range(columns)]
        for placed, reach in held:
            if placed.body.y - reach < bottom:
                first = max(0, int((placed.body.x - reach) // CHUNK_PX))
                last = min(columns - 1, int((placed.body.x + reach) // CHUNK_PX))
                for column in range(first, last + 1):
                    bodies[column].append(placed)
        for column, near in enumerate(bodies):
            yield Chunk(row=row, column=column, bodies=tuple(near))
    for _ in rows:
        pass


def _drawn(film: Film, chunks: Iterator[Chunk], workers: int) -> Iterator[DrawnChunk]:
    """The drawn chunks in the order of the chunks."""
    if workers == 1:
        yield from map(ChunkArtist(film), chunks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start) as pool:
        under_way: deque[Future[DrawnChunk]] = deque()
        for chunk in chunks:
            under_way.append(pool.submit(_draw, film, chunk))
            if len(under_way) >= _IN_HAND * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _start() -> None:
    """Let a worker process end with the one that asked, and not before."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the first one ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when the process that asked is killed; the pool alone would let it wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _draw(film: Film, chunk: Chunk) -> DrawnChunk:
    return _artist(film)(chunk)


@lru_cache(maxsize=1)
def _artist(film: Film) -> ChunkArtist:
    """The artist of a worker process, who keeps what is drawn many times."""
    return ChunkArtist(film)
