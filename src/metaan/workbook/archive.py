"""The file itself: what kind it is, and whether it is small and plain enough to be looked into."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from metaan.terms.finding import BadInput, Finding, Level
from metaan.terms.origin import Origin

MAX_BYTES = 20 * 2**20
MAX_PARTS = 500
MAX_UNPACKED = 200 * 2**20
MAX_RATIO = 200  #: of one part above 1 MB

SAVE_AS = 'open it in the spreadsheet program and save it as "Excel Workbook (.xlsx)"'
_WORKBOOK = "an Excel workbook (.xlsx)"
_RESTORE = "restore it from a copy, or let the spreadsheet program repair it and save it again"


@dataclass(frozen=True, slots=True)
class Archive:
    """The parts of a workbook, none of them read yet."""

    workbook: str  #: as the user named it
    zip: zipfile.ZipFile
    parts: frozenset[str]

    def read(self, part: str) -> bytes:
        """Return a part; nothing where there is none."""
        return self.zip.read(part) if part in self.parts else b""

    def chunks(self, part: str) -> Iterator[bytes]:
        """Yield a part piece by piece."""
        with self.zip.open(part) as stream:
            while piece := stream.read(1 << 16):
                yield piece


def file_finding(workbook: str, found: str, expected: str, to_fix: str, level: Level = Level.ERROR) -> Finding:
    """Return a finding about the whole file."""
    return Finding(
        id="FILE",
        level=level,
        origin=Origin(workbook, ""),
        subject="",
        found=found,
        expected=expected,
        to_fix=to_fix,
    )


def refused(workbook: str, found: str, to_fix: str, expected: str = _WORKBOOK) -> BadInput:
    """Return what is raised for a file that cannot be read."""
    return BadInput([file_finding(workbook, found, expected, to_fix)])


def damaged(workbook: str, why: str = "") -> BadInput:
    """Return what is raised for a workbook with a part that cannot be read."""
    found = "a damaged file: it is cut off or was changed on the way" + (f" ({why})" if why else "")
    return refused(workbook, found, _RESTORE)


def open_archive(path: Path, workbook: str) -> Archive:
    """Open a workbook as an archive of parts.

    Raises
    ------
    BadInput
        The file is missing, is of another kind, or is larger than a workbook of text can be.
    """
    data = _load(path, workbook)
    if not data.startswith(b"PK"):
        raise _other_kind(data, workbook)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, EOFError, UnicodeDecodeError):
        raise damaged(workbook) from None
    _guard(infos, workbook)
    parts = frozenset(info.filename for info in infos)
    if "mimetype" in parts or "content.xml" in parts:
        raise refused(workbook, "an OpenDocument file (.ods)", SAVE_AS)
    if "xl/workbook.bin" in parts:
        raise refused(workbook, "a binary workbook (.xlsb)", SAVE_AS)
    if any(name.startswith(("word/", "ppt/")) for name in parts):
        raise refused(workbook, "a document that is no workbook (Word or PowerPoint)", "name the workbook instead")
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in parts):
        raise refused(workbook, "a Numbers file", "export it from Numbers as Excel (.xlsx)")
    if "[Content_Types].xml" not in parts and not any(name.startswith("xl/") for name in parts):
        raise refused(workbook, "a zip file that is no workbook", SAVE_AS)
    if any(info.flag_bits & 1 for info in infos):
        raise refused(workbook, "a file with a password", "remove the password and save it again")
    return Archive(workbook, archive, parts)


def notices(archive: Archive) -> Iterator[Finding]:
    """Yield what the file carries beside cells, none of which is followed or run."""
    if any(part.endswith("vbaProject.bin") for part in archive.parts):
        yield file_finding(
            archive.workbook,
            "macros; they are not run",
            "a workbook without macros",
            "nothing; to be rid of this note save it as .xlsx",
            Level.NOTE,
        )
    if any(part.startswith("xl/externalLinks/") for part in archive.parts):
        yield file_finding(
            archive.workbook,
            "links to other workbooks; they are not followed, the results stored here are used",
            "values typed from the source",
            "type the values in place of the links",
            Level.NOTE,
        )


def _load(path: Path, workbook: str) -> bytes:
    try:
        if path.is_dir():
            raise refused(workbook, "a folder", "name the file in it")
        if path.exists() and not path.is_file():
            raise refused(workbook, "no ordinary file", "name the workbook")
        size = path.stat().st_size
        if size > MAX_BYTES:
            found, expected = f"{size / 2**20:.0f} MB", f"at most {MAX_BYTES // 2**20} MB"
            raise refused(workbook, found, "remove pictures and embedded files", expected)
        data = path.read_bytes()
    except FileNotFoundError:
        raise refused(workbook, "no such file", "put the workbook back, or correct its name") from None
    except PermissionError:
        fix = "close it in the spreadsheet program, or change its permissions"
        raise refused(workbook, "a file that may not be read", fix) from None
    except (OSError, ValueError) as error:
        raise refused(workbook, f"a file that cannot be read ({error})", "correct its name") from None
    if not data:
        raise refused(workbook, "an empty file", "restore it from a copy")
    return data


def _other_kind(data: bytes, workbook: str) -> BadInput:
    if data[:8] == bytes.fromhex("D0CF11E0A1B11AE1"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return refused(workbook, "a workbook with a password", "remove the password and save it again")
        return refused(workbook, "an old Excel file (.xls)", SAVE_AS)
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body")):
        return refused(workbook, "a web page named .xlsx", SAVE_AS)
    if head.startswith(b"<?xml"):
        return refused(workbook, "an XML file", SAVE_AS)
    if head.startswith(b"%pdf"):
        return refused(workbook, "a PDF", "name the workbook instead")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" not in data[:1024]:
        return refused(workbook, "plain text, perhaps CSV", SAVE_AS)
    return refused(workbook, "a file that is no workbook", "restore it from a copy, or " + SAVE_AS)


def _guard(infos: list[zipfile.ZipInfo], workbook: str) -> None:
    """Refuse archives that unpack to more than a workbook of text can hold."""
    odd = ""
    if len(infos) > MAX_PARTS:
        odd = f"{len(infos)} parts"
    elif sum(info.file_size for info in infos) > MAX_UNPACKED:
        odd = f"a file that unpacks to more than {MAX_UNPACKED // 2**20} MB"
    elif any(i.file_size > 2**20 and i.file_size > MAX_RATIO * max(i.compress_size, 1) for i in infos):
        odd = "a part that is packed more tightly than any text"
    elif any(i.filename.startswith(("/", "\\")) or ".." in i.filename.replace("\\", "/").split("/") for i in infos):
        odd = "a part with a path that leads outside the file"
    elif len({i.filename for i in infos}) < len(infos):
        odd = "a part that is there twice"
    if odd:
        raise refused(workbook, odd, "copy the cells into a new workbook", "a workbook of text")
