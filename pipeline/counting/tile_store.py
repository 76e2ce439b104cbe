"""Cells of finished tiles: in memory for a photo, in a file that survives a power cut for a large slide."""

import os
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from pipeline.counting.tile import TileCells
from pipeline.counting.tile_bytes import tile_from_bytes, tile_to_bytes
from pipeline.counting.tiling import Tile
from pipeline.errors import OutputError, reason_of

__all__ = ["Checkpoint", "FileStore", "MemoryStore", "TileStore"]

SYNC_EVERY_S = 1.0
"""Longest time for which a finished tile may be lost in a power cut."""
KEPT_FROM_TILES = 9
"""Fewest tiles of a count that are kept in a file: some ten seconds of work."""
_MAGIC = b"smearcount tiles 2 "
_FRAME = struct.Struct("<II")  # bytes of the record, and their CRC-32


class TileStore(Protocol):
    """Keeps the cells of tiles and gives them back."""

    def add(self, tile: Tile, cells: TileCells) -> None:
        """Keep the cells of a finished tile."""

    def load(self, tile: Tile) -> TileCells:
        """Cells of a tile that is kept."""

    def kept(self) -> Sequence[Tile]:
        """Tiles that are kept, those of an earlier run too."""


class MemoryStore:
    """Keeps tiles while the program runs."""

    def __init__(self) -> None:
        self._cells: dict[Tile, TileCells] = {}

    def add(self, tile: Tile, cells: TileCells) -> None:
        """See `TileStore.add`."""
        self._cells[tile] = cells

    def load(self, tile: Tile) -> TileCells:
        """See `TileStore.load`."""
        return self._cells[tile]

    def kept(self) -> Sequence[Tile]:
        """See `TileStore.kept`."""
        return tuple(self._cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a tile's record lies in the file, bytes."""

    start: int
    length: int


class FileStore:
    """Keeps tiles in a file that is only ever added to; one process at a time.

    A record that a power cut left half, and what lies behind it, is cut off when the file is opened again:
    those tiles are worked on anew.
    """

    def __init__(self, file: BinaryIO, path: Path, places: dict[Tile, _Place]) -> None:
        self._file = file
        self._path = path
        self._places = places
        self._end = file.seek(0, os.SEEK_END)
        self._synced_s = time.monotonic()

    @classmethod
    def open(cls, path: Path, key: str) -> Self:
        """The store in a file, with the tiles of an earlier run where that had the same key.

        Parameters
        ----------
        key : all that decides what the tiles hold, in one line.

        Raises
        ------
        OutputError
            Where the file cannot be written, or another process works on it.
        """
        try:
            file = path.open("r+b") if path.exists() else path.open("w+b")
        except OSError as error:
            raise _cannot(path, error) from error
        try:
            _lock(file, path)
            return cls(file, path, _resumed(file, _MAGIC + key.encode() + b"\n"))
        except OSError as error:
            file.close()
            raise error if isinstance(error, OutputError) else _cannot(path, error) from error

    def add(self, tile: Tile, cells: TileCells) -> None:
        """See `TileStore.add`; on the disk within `SYNC_EVERY_S`.

        Raises
        ------
        OutputError
            Where the disk is full.
        """
        data = tile_to_bytes(tile, cells)
        try:
            self._file.seek(self._end)
            self._file.write(_FRAME.pack(len(data), zlib.crc32(data)) + data)
            self._file.flush()  # with the system it outlives this process; only a power cut can lose it
            if time.monotonic() - self._synced_s >= SYNC_EVERY_S:
                _sync(self._file)
                self._synced_s = time.monotonic()
        except OSError as error:
            raise _cannot(self._path, error) from error
        self._places[tile] = _Place(start=self._end + _FRAME.size, length=len(data))
        self._end += _FRAME.size + len(data)

    def load(self, tile: Tile) -> TileCells:
        """See `TileStore.load`."""
        place = self._places[tile]
        self._file.seek(place.start)
        return tile_from_bytes(self._file.read(place.length))[1]

    def kept(self) -> Sequence[Tile]:
        """See `TileStore.kept`."""
        return tuple(self._places)

    def close(self) -> None:
        """Let go of the file; it stays for the next run."""
        self._file.close()


class Checkpoint:
    """Where a count may keep its finished tiles until its result is written.

    A count of few tiles is done anew sooner than its tiles are on the disk; it keeps them in memory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: FileStore | None = None

    def store(self, key: str, tiles: int) -> TileStore:
        """A store for so many tiles; parameters and errors as `FileStore.open`."""
        if tiles < KEPT_FROM_TILES:
            return MemoryStore()
        self._store = FileStore.open(self._path, key)
        return self._store

    def remove(self) -> None:
        """Remove the file: the result it was kept for is written."""
        if self._store is not None:
            self._store.close()
            self._store = None
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is not None:
            self._store.close()


def _resumed(file: BinaryIO, head: bytes) -> dict[Tile, _Place]:
    """Where each whole record of the file lies; begins the file anew where its head is another one."""
    file.seek(0)
    if file.read(len(head)) != head:
        file.seek(0)
        file.truncate()
        file.write(head)
        _sync(file)
        return {}
    places: dict[Tile, _Place] = {}
    end = len(head)
    for tile, place in _records(file):
        places[tile] = place
        end = place.start + place.length
    file.truncate(end)
    return places


def _records(file: BinaryIO) -> Iterator[tuple[Tile, _Place]]:
    while len(frame := file.read(_FRAME.size)) == _FRAME.size:
        length, check = _FRAME.unpack(frame)
        start = file.tell()
        data = file.read(length)
        if len(data) < length or zlib.crc32(data) != check:
            return
        try:
            yield tile_from_bytes(data)[0], _Place(start=start, length=length)
        except (ValueError, KeyError, TypeError):  # complete, but in another format
            return


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep other processes from the file until it is closed; where the system has no such lock, trust."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"{path.parent}: another process counts this slide into this folder; wait for it, or choose"
            " another folder with -o"
        ) from error


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _cannot(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path}: cannot be written ({reason_of(error)}); free space there or choose another folder with -o"
    )
