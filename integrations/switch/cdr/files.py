"""Where in a file reading has come, by what the file holds: names and inodes change."""

import glob
import gzip
import hashlib
import os
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

FINGERPRINT_BYTES: Final = 1_024
TAIL_BYTES: Final = 1_000_000
UNREADABLE: Final = frozenset((".xz", ".bz2", ".zst", ".lz4", ".zip"))
GZIP_ERRORS: Final = (EOFError, gzip.BadGzipFile, zlib.error)


class Place(BaseModel):
    """A place in a file that is known by how it begins."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    length: int
    """Of the beginning that the fingerprint is of."""

    offset: int
    line: int = 1
    since: int
    """When the file was changed last, in nanoseconds since 1970, as far as it was read."""


def beginning_after(since: int) -> Place:
    """Return the beginning of the file that comes first after a time."""
    return Place(fingerprint="", length=0, offset=0, since=since)


class Chunk(NamedTuple):
    """What a file has behind a place."""

    data: bytes
    beginning: bytes
    """Of the whole file, for its fingerprint."""

    changed_at: int
    size: int
    """Of the file, as it's on the disk."""


@contextmanager
def opened(path: Path) -> Generator[IO[bytes] | gzip.GzipFile]:
    """Open a file, compressed or not."""
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as file:
            yield file
    else:
        with path.open("rb") as file:
            yield file


def beginning_of(path: Path) -> bytes:
    """Return how a file begins; as far as it can be read, where it's compressed just now."""
    try:
        with opened(path) as file:
            return file.read(FINGERPRINT_BYTES)
    except GZIP_ERRORS:
        return b""


def is_place_in(place: Place, beginning: bytes) -> bool:
    """Tell whether a place is one of the file that begins so."""
    if len(beginning) < place.length:
        return False
    return _hash(beginning[: place.length]) == place.fingerprint if place.length else True


def moved(place: Place, chunk: Chunk, used: int, lines: int) -> Place:
    """Return the place so much further on."""
    return Place(
        fingerprint=_hash(chunk.beginning),
        length=len(chunk.beginning),
        offset=place.offset + used,
        line=place.line + lines,
        since=chunk.changed_at,
    )


def chunk_at(path: Path, place: Place, size: int) -> Chunk | None:
    """Return what comes behind a place; None when the file has no such place. Raises OSError."""
    with opened(path) as file:
        found = os.fstat(file.fileno())
        try:
            beginning = file.read(FINGERPRINT_BYTES)
            if not is_place_in(place, beginning):
                return None
            file.seek(place.offset)
            return Chunk(file.read(size), beginning, found.st_mtime_ns, found.st_size)
        except GZIP_ERRORS:
            return None  # it's compressed just now, or broken


def end_of(path: Path) -> Place:
    """Return the place behind the last whole line of a file. Raises OSError."""
    found = path.stat()
    size = found.st_size
    with opened(path) as file:
        beginning = file.read(FINGERPRINT_BYTES)
        first = max(size - TAIL_BYTES, 0)
        file.seek(first)
        tail = file.read(size - first)
    return Place(
        fingerprint=_hash(beginning),
        length=len(beginning),
        offset=first + tail.rfind(b"\n") + 1,
        since=found.st_mtime_ns,
    )


class Rotated(NamedTuple):
    """A file that another one has become by rotation."""

    changed_at: int
    path: Path


def rotated(path: Path) -> list[Rotated]:
    """Return what a file has become by rotation, the oldest first."""
    return sorted(
        Rotated(one.stat().st_mtime_ns, one)
        for one in path.parent.glob(f"{glob.escape(path.name)}[.-]*")
        # what else it's compressed by can't be read
        if one.suffix not in UNREADABLE and one.is_file()
    )


def changed_at(path: Path) -> int:
    """Return when a file was changed last, in nanoseconds since 1970. Raises OSError."""
    return path.stat().st_mtime_ns


def file_of(place: Place, path: Path) -> Path | None:
    """Return the file that a place is in: `path`, or what that has become. Raises OSError.

    Where it has become none, `path` itself, of which the place is none. None: there's no file.
    """
    live = path if path.is_file() else None
    if not place.length:
        return next((one.path for one in rotated(path) if one.changed_at > place.since), live)
    if live is not None and is_place_in(place, beginning_of(live)):
        return live
    return next(
        (one.path for one in rotated(path) if is_place_in(place, beginning_of(one.path))), live
    )


def _hash(beginning: bytes) -> str:
    return hashlib.sha256(beginning).hexdigest()
