"""What a run has to do: reviews found, each read and checked once, and a digest for every stage of each.

A stage is rerun when its digest changes, and only then: the digest covers the rows and settings the stage depends on,
the package's own sources, and the libraries that shape its output. What was read is kept beside Snakemake's own notes,
keyed by size and time of workbook and protocol, so that planning an unchanged project opens no workbook.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaan.files import package_digest, write_atomically
from metaan.terms.finding import BadInput, Finding, errors
from metaan.workbook.extractors.record import read_agreement
from metaan.workbook.protocol import TOOLS, Protocol, own_tool_files, parse_protocol
from metaan.workbook.read import Extraction

if TYPE_CHECKING:
    from metaan.report.checked import Checked

CACHE = Path(".snakemake") / "metaan"


@dataclass(frozen=True, slots=True)
class Review:
    """A folder with a protocol and a workbook; either may stand elsewhere when a single file is checked."""

    folder: Path
    file: Path | None = None  #: the workbook, where it is another than the review's own
    settings: Path | None = None  #: the protocol, where it is another than the review's own

    @property
    def name(self) -> str:
        """Name of the folder, and of its folder under results."""
        return self.folder.name or self.folder.resolve().name

    @property
    def workbook(self) -> Path:
        """Where the extraction workbook is expected."""
        return self.file or self.folder / "extraction.xlsx"

    @property
    def protocol(self) -> Path:
        """Where the protocol stands."""
        return self.settings or self.folder / "protocol.yaml"

    @property
    def settings_files(self) -> tuple[Path, ...]:
        """The protocol, the folder of the team's own quality tools, and each of these."""
        folder = self.protocol.parent / TOOLS
        return (self.protocol, folder, *own_tool_files(folder))

    @property
    def agreement(self) -> Path:
        """Where metaan consensus says how far two extractors agreed; there only if two extracted."""
        return self.folder / "agreement.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A review that was read: either usable, or refused with findings."""

    review: Review
    protocol: Protocol | None
    extraction: Extraction | None
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Findings that stop this review."""
        return errors(self.findings)

    def checked(self) -> "Checked":
        """Return what the pages and files of findings are made from."""
        from metaan.report.checked import Checked

        return Checked(
            review=self.review.name,
            workbook=self.extraction.workbook if self.extraction else str(self.review.workbook),
            protocol=self.protocol,
            extraction=self.extraction,
            findings=self.findings,
        )

    def usable(self) -> tuple[Protocol, Extraction]:
        """Return protocol and extraction.

        Raises
        ------
        BadInput
            The review is refused.
        """
        if self.refused or self.protocol is None or self.extraction is None:
            raise BadInput(self.refused)
        return self.protocol, self.extraction


@dataclass(frozen=True, slots=True)
class Planned:
    """What the workflow needs to know of one review."""

    name: str
    digests: Mapping[str, str]  #: stage, or stage/analysis -> digest; empty when refused
    analyses: tuple[str, ...]
    message: str  #: findings that refuse the review, ready to print; empty when it is usable


def find_reviews(root: Path = Path(), wanted: Iterable[str] | None = None) -> tuple[Review, ...]:
    """Return the reviews of a project in alphabetical order.

    Raises
    ------
    BadInput
        A review that is asked for does not exist.
    """
    found = {path.parent.name: Review(path.parent) for path in sorted((root / "data").glob("*/protocol.yaml"))}
    if wanted is None:
        return tuple(found.values())
    names = list(wanted)
    unknown = [name for name in names if name not in found]
    if unknown:
        from metaan.terms.finding import Level
        from metaan.terms.origin import Origin

        raise BadInput(
            Finding(
                id="CONFIG",
                level=Level.ERROR,
                origin=Origin("config.yaml", ""),
                subject="reviews",
                found=f'a review "{name}"',
                expected="names of folders under data that hold a protocol.yaml: " + ", ".join(found),
                to_fix="correct the name",
            )
            for name in unknown
        )
    return tuple(found[name] for name in names)


def read(review: Review) -> Loaded:
    """Read and check a review, whatever state it is in; nothing is raised for bad input."""
    from metaan.workbook.protocol import read_protocol

    try:
        protocol = read_protocol(review.protocol)
    except BadInput as bad:
        return Loaded(review, None, None, bad.findings)
    return _read_workbook(review, protocol)


def _read_workbook(review: Review, protocol: Protocol) -> Loaded:
    from metaan.certainty.audit import audit_certainty
    from metaan.checks.book import Book
    from metaan.checks.check import check
    from metaan.checks.overrides import confirmed_later
    from metaan.design.grade import grade_all
    from metaan.design.quality_audit import audit_quality
    from metaan.pooling.audit import audit
    from metaan.pooling.select import candidates
    from metaan.robustness.between.audit import audit_between
    from metaan.workbook.read import read_workbook

    try:
        extraction = read_workbook(review.workbook, protocol.layout)
    except BadInput as bad:
        return Loaded(review, protocol, None, bad.findings)
    found = check(extraction, protocol)
    if review.file is None:
        try:
            read_agreement(review.agreement)
        except BadInput as bad:
            found += bad.findings
    if not any(item.id in ("SHEET", "HEADER") for item in errors(found)):
        graded = grade_all(extraction, protocol)
        judged = (
            *audit_quality(extraction, protocol, graded),
            *audit_certainty(extraction, protocol),
            *audit_between(extraction, protocol, graded),
        )
        found += confirmed_later(judged, Book(extraction, protocol, protocol.layout))
    if review.file is None and not errors(found):  # what one person extracted need not fill every stratum
        rows = candidates(extraction, protocol.layout, {grade.design_id: grade for grade in graded})
        of_pools = audit(rows, protocol)
        found += confirmed_later(of_pools, Book(extraction, protocol, protocol.layout))
    return Loaded(review, protocol, extraction, found)


def load(review: Review, cache_dir: Path = CACHE) -> Loaded:
    """Return `read` of a review, from the cache where workbook, protocol and package are as they were."""
    rows, settings = cache_dir / f"{review.name}.read.json", cache_dir / f"{review.name}.protocol.json"
    raw = _kept(settings, _key(*review.settings_files))
    if raw is None:
        loaded = read(review)
        if loaded.protocol is None:
            return loaded
        _keep(settings, _key(*review.settings_files), loaded.protocol.raw)
    else:
        protocol = parse_protocol(raw, str(review.protocol), review.name, valid=True)
        kept = _kept(rows, _key(review.workbook, *review.settings_files, review.agreement))
        if kept is not None:
            extraction = Extraction.from_dict(kept["extraction"]) if kept["extraction"] else None
            found = tuple(Finding.from_record(record) for record in kept["findings"])
            return Loaded(review, protocol, extraction, found)
        loaded = _read_workbook(review, protocol)
    content = {
        "extraction": loaded.extraction.to_dict() if loaded.extraction else None,
        "findings": [finding.record() for finding in loaded.findings],
    }
    _keep(rows, _key(review.workbook, *review.settings_files, review.agreement), content)
    return loaded


def plan(reviews: Iterable[Review], cache_dir: Path = CACHE) -> tuple[Planned, ...]:
    """Return what there is to do for each review; opens a workbook only if it changed."""
    return tuple(_planned(review, cache_dir) for review in reviews)


def _planned(review: Review, cache_dir: Path) -> Planned:
    key = _key(review.workbook, *review.settings_files, review.agreement)
    path = cache_dir / f"{review.name}.plan.json"
    kept = _kept(path, key)
    if kept is None:
        try:
            from metaan.digests import digests

            loaded = load(review, cache_dir)
            refused = loaded.refused
            kept = {
                "digests": {} if refused else digests(*loaded.usable(), read_agreement(review.agreement)),
                "analyses": [a.id for a in loaded.protocol.analyses] if loaded.protocol and not refused else [],
                "message": refusal(review, refused) if refused else "",
            }
        except Exception as error:  # a fault of ours must not stop the other reviews
            fault = (
                f"{review.name}: not run, a fault in metaan itself ({type(error).__name__}: {error}); please report it"
            )
            return Planned(review.name, {}, (), fault)
        _keep(path, key, kept)
    return Planned(review.name, kept["digests"], tuple(kept["analyses"]), kept["message"])


def refusal(review: Review, findings: Iterable[Finding]) -> str:
    """Return what is printed when a review is refused."""
    found = tuple(findings)
    head = f"{review.name}: not run, {len(found)} {'thing' if len(found) == 1 else 'things'} to mend first"
    return head + "\n\n" + "\n\n".join(finding.text() for finding in found)


def _key(*paths: Path) -> list[Any]:
    return [package_digest(), *([str(path), _stamp(path)] for path in paths)]


def _stamp(path: Path) -> list[int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size, status.st_ino if os.name != "nt" else 0]


def _kept(path: Path, key: list[Any]) -> Any:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["content"] if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no cache, or not one of ours: read again


def _keep(path: Path, key: list[Any], content: Mapping[str, Any]) -> None:
    write_atomically(path, json.dumps({"key": key, "content": content}, ensure_ascii=False, separators=(",", ":")))
