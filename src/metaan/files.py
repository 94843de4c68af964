"""Files written whole, digests of content, and the lock of a run."""

import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any


def write_atomically(path: str | Path, content: str | bytes) -> None:
    """Write `content` beside `path` and put it in place in one step, so that no reader ever sees half a file."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            part.write(data)
        mode = 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@cache
def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def to_json(data: Any) -> str:
    """Return JSON with a fixed layout: same data, same bytes.

    Entries of the outermost object or list, and items of a list in it, stand on lines of their own. (A deeper indent
    would keep the standard library from its fast encoder.)
    """
    if isinstance(data, dict):
        return "{\n" + ",\n".join(f"{_json(str(key))}: {_lines(value)}" for key, value in data.items()) + "\n}\n"
    return _lines(data) + "\n"


def _lines(data: Any) -> str:
    if isinstance(data, (list, tuple)) and data:
        return "[\n" + ",\n".join(map(_json, data)) + "\n]"
    return _json(data)


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a CSV table of named cells, each guarded; a cell that a row does not name is blank."""
    return csv_lines(columns, ([_guarded(row.get(column, "")) for column in columns] for row in rows))


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return CSV text of cells as they are: commas, line feeds, quotes only where they are needed."""
    return "".join(",".join(map(_cell, row)) + "\n" for row in (header, *rows))


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


_QUOTED = re.compile(r'[",\r\n\t]|^\s|\s$')
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


def guard(text: str, words: Collection[str] = ()) -> str:
    """Return text that no spreadsheet program takes for a formula.

    A cell that begins with = + - @, a tab or a carriage return is run. Text that begins so, is no number and is none of
    `words` gets one apostrophe in front. So does text with apostrophes before such a sign: `unguard` takes one away,
    and what is read is always what was written.
    """
    return text if not _RISKY.match(text) or text in words or _NUMBER.fullmatch(text) else "'" + text


def unguard(text: str) -> str:
    """Take away what `guard` put there."""
    return text[1:] if _GUARDED.match(text) else text


def _guarded(value: Any) -> Any:
    return guard(value) if isinstance(value, str) else value


def digest(data: Any, length: int = 16) -> str:
    """Return the first `length` characters of the SHA-256 of plain data in canonical form; key order does not count."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:length]


@cache
def package_digest() -> str:
    """Return a digest of the package's own source and data files, so that an edit to them reruns what they make."""
    root = Path(__file__).parent
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            total.update(path.relative_to(root).as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:16]


class AlreadyRunning(Exception):  # noqa: N818 - says what is the case
    """Another run holds the lock."""


_held: list[IO[str]] = []


def hold_lock(path: str | Path) -> None:
    """Take the lock at `path` until this process ends, however it ends.

    Raises
    ------
    AlreadyRunning
        Another live process holds it.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = target.open("a+", encoding="ascii")
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        message = (
            "Another run is at work in this folder. Wait until it has finished, or stop it, then start again: "
            "nothing needs to be unlocked."
        )
        raise AlreadyRunning(message) from None
    _held.append(handle)
