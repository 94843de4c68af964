"""Damage thousands of workbooks at random and see what reading and checking them makes of it.

Each ends with a message or with rows and findings; a traceback, more than 10 seconds or more than 500 MB is a fault:
    python benchmarks/damage.py [how many] [first seed]
"""

import io
import json
import multiprocessing
import random
import re
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "zoo"), str(ROOT / "tests")]

import review  # noqa: E402
from metaan.checks.check import check  # noqa: E402
from metaan.terms.finding import BadInput  # noqa: E402
from metaan.workbook.columns import Layout  # noqa: E402
from metaan.workbook.forms import FORMS  # noqa: E402
from metaan.workbook.grid import letters  # noqa: E402
from metaan.workbook.read import read_workbook  # noqa: E402
from metaan.workbook.template import workbook_bytes  # noqa: E402

MEMORY = 500 * 2**20
SECONDS = 10
# fmt: off
NUMBERS = (
    "0", "-1", "1e308", "1e309", "-1e308", "1e-320", "4.9e-324", "1e15", "999999999999999999999", "0.1", "-0", "+5",
    "NaN", "INF", "-inf", "2958465", "2958466", "-2958466", "60", "60.5", "1e400", "0x10", "1_000", "", " ", "1e", ".",
    "0.999999999", "46024", "100", "2", "3.0000000001",
)
TEXTS = (
    "=1+1", "=cmd|' /C calc'!A0", "'", '"', "<b>", "&amp;", "]]>", "\\", "%s%n", "{}", "NR", "NA", "nan", "None",
    "TRUE", "1,5", "5-10", "<0.001", "12±3", "7/20", "12 (60%)", "~5", "１２", "−3", "0·04", "\u200b", "\u00a0",
    "\ufeff12", "٣", "_x0000_", "_xD800_", "\U0001f9ec", "\u202e12", "a" * 40_000, "9" * 5_000, "1e" + "9" * 50,
    "-" * 300, "(" * 3_000, "2026-02-30", "0000-00-00", "10.1/" + "a" * 999, "http://" + "x" * 3_000, "Ames2001",
    "AMES2001-PR-1", "1 234", "1e5", "²", "½", "0", "0.0", "-1", "1", "100", "1e-90", "1e14", "99999999999999",
    "0.00000001", "means", "two_by_two", "ratio", "yes",
)
# fmt: on
LEGAL = ("0", "1", "2", "7", "40", "0.5", "1.20", "95", "0.04", "-3", "1000000", "1e-30", "NR")


@cache
def base() -> bytes:
    """Return a clean workbook."""
    return workbook_bytes(review.protocol(), review.rows())


def damage(seed: int) -> tuple[str, bytes]:
    """Return the kind of damage, and the workbook it was done to; same seed, same bytes."""
    rng = random.Random(seed)
    kind = rng.choice(sorted(KINDS))
    return kind, KINDS[kind](rng)


def _bytes(rng: random.Random) -> bytes:
    data = bytearray(base())
    for _ in range(rng.choice((1, 1, 3, 20, 300))):
        at = rng.randrange(len(data))
        way = rng.randrange(4)
        if way == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            del data[at : at + rng.choice((1, 4, 100, 5_000))]
        elif way == 2:
            data[at:at] = rng.randbytes(rng.choice((1, 4, 100)))
        else:
            length = rng.choice((1, 16, 512))
            data[at : at + length] = bytes(length)
        if not data:
            break
    return bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.1 else data)


def _repack(change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(base())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 1)  # no clock in the bytes
    return target.getvalue()


def _parts(rng: random.Random) -> bytes:
    def change(parts: dict[str, bytes]) -> None:
        for _ in range(rng.choice((1, 2, 5))):
            one, other = rng.choice(sorted(parts)), rng.choice(sorted(parts))
            way = rng.randrange(5)
            if way == 0 and len(parts) > 1:
                del parts[one]
            elif way == 1:
                parts[one], parts[other] = parts[other], parts[one]
            elif way == 2:
                parts[one] = rng.randbytes(rng.choice((0, 10, 3_000)))
            elif way == 3:
                parts[one] = parts[one][: rng.randrange(len(parts[one]) + 1)]
            else:
                parts[one.upper() if rng.random() < 0.5 else one + "x"] = parts.pop(one)

    return _repack(change)


def _some_xml(rng: random.Random, parts: dict[str, bytes]) -> str:
    names = sorted(name for name in parts if name.endswith((".xml", ".rels")))
    likely = [n for n in names if re.search(r"sheet[2-7]\.xml|sharedStrings|styles|workbook\.xml", n)]
    return rng.choice(likely if rng.random() < 0.7 else names)


def _xml(rng: random.Random) -> bytes:
    def change(parts: dict[str, bytes]) -> None:
        for _ in range(rng.choice((1, 1, 4, 30))):
            name = _some_xml(rng, parts)
            text = parts[name].decode("utf-8", "replace")
            tags = list(re.finditer(r"<[^>]*>", text))
            if not tags:
                continue
            tag = rng.choice(tags)
            parts[name] = _mangled(rng, text, tag.start(), tag.end()).encode("utf-8", "replace")

    return _repack(change)


def _mangled(rng: random.Random, text: str, start: int, end: int) -> str:
    tag = text[start:end]
    way = rng.randrange(9)
    if way == 0:
        tag = ""
    elif way == 1:
        tag = tag * rng.choice((2, 50))
    elif way == 2:
        tag = re.sub(r'"[^"]*"', lambda _: f'"{_attribute(rng)}"', tag)
    elif way == 3:
        tag = re.sub(r"\d+", lambda _: rng.choice(("0", "-1", "1048577", "99999999999999999999", "1", "16385")), tag)
    elif way == 4:
        depth = rng.choice((10, 2_000, 100_000))
        tag = "<c>" * depth + tag + "</c>" * rng.choice((depth, 0))
    elif way == 5:
        tag = "<![CDATA[" + tag + "]]>"
    elif way == 6:
        tag = '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]>' + tag if rng.random() < 0.5 else "&d;" + tag
    elif way == 7:
        tag = re.sub(r"\w+", lambda match: rng.choice((match[0], match[0].upper(), "v", "f", "is", "si", "row")), tag)
    else:
        other = rng.randrange(len(text))
        tag = text[other : other + rng.choice((10, 1_000))]
    return text[:start] + tag + text[end:]


def _attribute(rng: random.Random) -> str:
    return rng.choice(
        ("", "0", "-1", "A0", "ZZZZ1", "A1048577", "XFD1048576", "A1:XFD1048576", "inlineStr", "true", "é")
    )


def _types(rng: random.Random) -> bytes:
    """Change types, styles and values of cells in the sheets' XML."""

    def change(parts: dict[str, bytes]) -> None:
        for name in [n for n in parts if re.search(r"worksheets/sheet[2-7]\.xml", n)]:
            share = rng.choice((0.002, 0.02, 0.3))
            text = parts[name].decode()
            parts[name] = re.sub(
                r"<c r=\"([A-Z]+\d+)\"[^>]*><v>([^<]*)</v></c>",
                lambda match, share=share: _cell(rng, match) if rng.random() < share else match[0],
                text,
            ).encode()

    return _repack(change)


def _cell(rng: random.Random, match: re.Match[str]) -> str:
    kind = rng.choice(("s", "s", "n", "b", "e", "d", "str", "inlineStr", "x", ""))
    value = rng.choice((match[2], rng.choice(NUMBERS), "2026-10-05T00:00:00", "#REF!"))
    if kind == "s" and rng.random() < 0.99:  # a string that is there; one that is not ends the reading
        value = str(rng.randrange(60))
    formula = rng.choice(("", "", "<f>1/0</f>", "<f>SUM(A1:XFD1048576)</f>", "<f>A2+A3*2</f>", "<f>(((</f>", "<f/>"))
    typed = f' t="{kind}"' if kind else ""
    return f'<c r="{match[1]}" s="{rng.randrange(30)}"{typed}>{formula}<v>{value}</v></c>'


def _typed(changes: dict[tuple[str, int, str], str]) -> bytes:
    """Type text into cells, named by sheet, row and column; the last cell of a name in a row is the one that counts."""
    places = {
        sheet.name: (at, {column.name: letters(i) for i, column in enumerate(sheet.columns, 1)})
        for at, sheet in enumerate(review.protocol().layout.sheets, 2)  # after the README
    }

    def change(parts: dict[str, bytes]) -> None:
        for (sheet, number, column), text in changes.items():
            at, names = places[sheet]
            part = f"xl/worksheets/sheet{at}.xml"
            cell = f'<c r="{names[column]}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
            row = re.search(rf'<row r="{number}"[^>]*>.*?(?=</row>)'.encode(), parts[part], re.DOTALL)
            if row:
                parts[part] = parts[part][: row.end()] + cell.encode("utf-8", "replace") + parts[part][row.end() :]

    return _repack(change)


@cache
def _rows() -> dict[str, list[dict[str, str]]]:
    return review.rows()


@cache
def _layout() -> Layout:
    return review.protocol().layout


def _cells(rng: random.Random) -> bytes:
    """Type nasty text into cells."""
    changes = {}
    for _ in range(rng.choice((1, 5, 40))):
        sheet = rng.choice([name for name in sorted(_rows()) if _rows()[name]])
        column = "value" if sheet == "Review" else rng.choice([c.name for c in _layout().sheet(sheet).columns])
        number = rng.randrange(2, len(_rows()[sheet]) + 2)
        changes[sheet, number, column] = (rng.choice(TEXTS) if rng.random() < 0.6 else rng.choice(NUMBERS))[:32_767]
    return _typed(changes)


def _forms(rng: random.Random) -> bytes:
    """Give a comparison another form with numbers that are legal one by one."""
    sheet, changes = _layout().sheet("Effects"), {}
    numbers = range(2, len(_rows()["Effects"]) + 2)
    for number in rng.sample(numbers, rng.choice((1, 5, len(numbers)))):
        form = rng.choice(sorted(FORMS))
        changes["Effects", number, "form"] = form
        for name in sorted(FORMS[form].columns):
            column = sheet.column(name)
            if rng.random() > 0.9:
                continue
            if column.kind in ("integer", "number"):
                changes["Effects", number, name] = rng.choice(LEGAL)
            elif column.kind == "word":
                changes["Effects", number, name] = rng.choice(sorted(_layout().lists[column.words]))
    return _typed(changes)


KINDS = {
    "bytes of the file": _bytes,
    "parts of the archive": _parts,
    "XML of the parts": _xml,
    "types and values of cells": _types,
    "text of cells": _cells,
    "numbers of forms": _forms,
}


def outcome(data: bytes, folder: Path) -> str:
    """Return how reading and checking end: "message", "findings" or "clean"; every other end is an exception."""
    path = folder / "extraction.xlsx"
    path.write_bytes(data)
    protocol = review.protocol()
    try:
        read = read_workbook(path, protocol.layout)
    except BadInput as bad:
        str(bad).encode()
        return "message"
    found = check(read, protocol)
    "\n".join(finding.text() for finding in found).encode()
    json.dumps(read.to_dict(), ensure_ascii=False).encode()
    return "findings" if found else "clean"


def _tried(seed: int) -> tuple[int, str, str, float, int]:
    start = time.perf_counter()
    kind = ""
    try:
        kind, data = damage(seed)
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                end = outcome(data, Path(folder))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    except Exception as error:  # what this script is for
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        end = f"FAULT {type(error).__name__}: {str(error)[:80]} ({Path(last.filename).name}:{last.lineno})"
    return seed, kind, end, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _too_slow(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def _start() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _too_slow)


def main(count: int, first: int) -> int:
    """Print a table of ends by kind of damage; return the number of faults."""
    ends: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    slowest, largest, faults = 0.0, 0, 0
    with multiprocessing.get_context("spawn").Pool(2, _start) as pool:
        for seed, kind, end, took, memory in pool.imap_unordered(_tried, range(first, first + count), 20):
            fault = end.startswith("FAULT")
            ends[kind]["fault" if fault else end] += 1
            slowest, largest, faults = max(slowest, took), max(largest, memory), faults + fault
            if fault:
                print(f"seed {seed} ({kind}): {end}", flush=True)
    columns = ("message", "findings", "clean", "fault")
    print(f"| damage to | workbooks | {' | '.join(columns)} |\n|---|{'---|' * 5}")
    for kind, counted in ends.items():
        cells = [str(counted[column]) for column in columns]
        print(f"| {kind} | {counted.total()} | {' | '.join(cells)} |")
    total = [str(sum(counted[column] for counted in ends.values())) for column in columns]
    print(f"| all | {count} | {' | '.join(total)} |")
    print(f"slowest {slowest:.1f} s; peak memory of a worker {largest} MB")
    return faults


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    sys.exit(bool(main(*(numbers + [5_000, 0][len(numbers) :]))))
