"""Say when files that people work on have changed and come to rest."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

_PAUSE = 0.5  #: seconds between two looks
_PATIENCE = 20  #: looks at a file that does not come to rest, before it is taken as it is

_State: TypeAlias = tuple[tuple[int, int] | None, ...]


def pause() -> None:
    """Wait until the next look."""
    time.sleep(_PAUSE)


def changes(paths: Sequence[Path]) -> Iterator[int]:
    """Yield 1 at once, then 2, 3, ... each time one of the files was saved.

    Spreadsheet programs write beside the file and put the new one in its place, or write over it bit by bit: a change
    counts once two looks see the same and every file is there and can be read. Files beside them (locks, backups) do
    not count.
    """
    seen = _look(paths)
    number = 1
    yield number
    while True:
        pause()
        now = _look(paths)
        if now == seen:
            continue
        for _ in range(_PATIENCE):
            before = now
            pause()
            now = _look(paths)
            if now == before and None not in now:
                break
        seen = now
        number += 1
        yield number


def _look(paths: Sequence[Path]) -> _State:
    """Return time and size of each file; None for one that is away or held by another program."""
    found: list[tuple[int, int] | None] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                file.read(1)
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size))
        except OSError:
            found.append(None)
    return tuple(found)
