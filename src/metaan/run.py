"""What the Snakefile asks: which files are wanted, which digest a job has, and what to say at the end."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaan import plan
from metaan.files import AlreadyRunning, hold_lock, write_atomically
from metaan.terms.finding import BadInput, Finding, Level
from metaan.terms.origin import Origin

FORMATS = ("svg", "pdf", "png")
_CONFIG_KEYS = {"reviews": "names of folders under data", "formats": "of svg, pdf, png", "cores": "a whole number"}
_ASKED = {
    "ingest": "ingest",
    "grade": "grade",
    "pool": "pool-{analysis}",
    "draw": "draw-{analysis}",
    "draw_review": "draw_review",
    "report": "report",
}
_FOLDERS = {
    "grade": "design",
    "pool": "pooling/{analysis}",
    "draw": "figures/{analysis}",
    "draw_review": "figures",
    "report": "report",
}

#: figures of one analysis and of the whole review
OF_ANALYSIS = ("forest", "quality")
OF_REVIEW = ("schematic", "grades", "reliability")
#: folder with a figure for each way in which the designs of an analysis could be questioned
CARDS = "results/{review}/figures/{analysis}/between-designs"
ONE_WIDTH = ("quality",)  #: suits every screen; each of the others is drawn for a wide and for a narrow one


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the workflow."""

    reviews: tuple[plan.Planned, ...]
    formats: tuple[str, ...]
    cores: int | None

    def targets(self) -> list[str]:
        """Return every file a user may open, for every review that can be run; a refusal for every other."""
        wanted: list[str] = []
        for review in self.reviews:
            base = f"results/{review.name}"
            if review.message:
                wanted.append(f"{base}/checks/refused")
                continue
            wanted += [f"{base}/report/{name}" for name in ("report.html", "believed.html", "results.json")]
            wanted += [f"{base}/workbook/cells.csv", f"{base}/design/grades.csv"]
            wanted += [f"{base}/checks/{name}" for name in ("findings.csv", "findings.json", "check.html")]
            wanted += [f"{base}/robustness/{name}.csv" for name in ("check-first", "findings")]
            wanted += [f"{base}/design/author-queries.csv"]
            wanted += self.figure_files(f"{base}/figures", OF_REVIEW).values()
            for analysis in review.analyses:
                wanted += [f"{base}/pooling/{analysis}/{name}.csv" for name in ("effects", "pooled", "ledger")]
                wanted += [f"{base}/certainty/{analysis}/steps.csv"]
                wanted += [f"{base}/robustness/{analysis}/specifications.csv"]
                wanted += self.figure_files(f"{base}/figures/{analysis}", OF_ANALYSIS).values()
        return wanted

    def figure_files(self, folder: str, names: Iterable[str]) -> dict[str, str]:
        """Return the files of figures by name; the report needs every SVG, the others are a choice."""
        files: dict[str, str] = {}
        for name in names:
            files[f"{name}_wide"] = f"{folder}/{name}.svg"
            if name not in ONE_WIDTH:
                files[f"{name}_narrow"] = f"{folder}/{name}-narrow.svg"
            files |= {f"{name}_{form}": f"{folder}/{name}.{form}" for form in self.formats if form != "svg"}
        return files

    def drawn(self, *, review: str) -> list[str]:
        """Return every figure of a review, those of the analyses first, in the order of `figure_files`."""
        base = f"results/{review}/figures"
        per_analysis = self.figure_files(f"{base}/{{analysis}}", OF_ANALYSIS).values()
        found = [path.format(analysis=name) for name in self._review(review).analyses for path in per_analysis]
        return self._marked([*found, *self.figure_files(base, OF_REVIEW).values()], review)

    def input(self, path: str, stage: str, *, review: str, analysis: str = "") -> str:
        """Return an input of a job, marked so that an earlier job that runs again does not drag this one along.

        A job whose digest is the one it last ran for needs nothing new from the jobs before it. Snakemake looks at a
        job's own digest only if no job before it runs, so what to follow is decided here.
        """
        from snakemake.io import ancient

        found = path.format(review=review, analysis=analysis)
        return ancient(found) if self._settled(review, stage, analysis) else found

    def inputs(self, pattern: str, stage: str, *, review: str) -> list[str]:
        """Return one input an analysis of a review, each marked as by `input`."""
        found = [pattern.format(review=review, analysis=name) for name in self._review(review).analyses]
        return self._marked(found, review, stage)

    def _marked(self, paths: list[str], review: str, stage: str = "report") -> list[str]:
        from snakemake.io import ancient

        return [ancient(path) for path in paths] if self._settled(review, stage, "") else paths

    @staticmethod
    def agreement(*, review: str) -> list[str]:
        """Return the file that says how far two extractors agreed; none where one person extracted."""
        from snakemake.io import ancient

        path = plan.Review(Path("data") / review).agreement
        return [ancient(path.as_posix())] if path.exists() else []

    @staticmethod
    def asked(stage: str) -> str:
        """Return the file that holds the digest a stage is wanted for; it changes only when the digest does."""
        return f"{plan.CACHE.as_posix()}/{{review}}/{_ASKED[stage]}"

    @staticmethod
    def done(stage: str) -> str:
        """Return where a stage notes the digest it last ran for."""
        return f"results/{{review}}/{_FOLDERS[stage]}/.digest"

    def _settled(self, review: str, stage: str, analysis: str) -> bool:
        names = {"review": review, "analysis": analysis}
        try:
            asked = Path(self.asked(stage).format(**names)).read_bytes()
            return Path(self.done(stage).format(**names)).read_bytes() == asked
        except OSError:
            return False

    def message(self, review: str) -> str:
        """Return why a review is refused; empty if it is not."""
        return self._review(review).message

    def closing_words(self) -> str:
        """Return what stands last on the terminal: refusals, or where the reports are."""
        said: list[str] = []
        for review in self.reviews:
            report = f"results/{review.name}/report/report.html"
            if review.message:
                said.append(f"\n{review.message}\n")
                page = f"results/{review.name}/checks/refused.html"
                said += [f"The same as a page: {page}"] if Path(page).exists() else []
            if Path(report).exists():
                said.append(f"Kept, from the last good run: {report}\n" if review.message else f"Report: {report}")
        return "\n".join(said).strip()

    def _review(self, name: str) -> plan.Planned:
        return next(review for review in self.reviews if review.name == name)


def prepare(config: Mapping[str, Any], *, main: bool, argv: list[str] | None = None) -> Run:
    """Plan a run of the project in the current folder.

    The main process holds a lock until it ends; a dry run and the jobs on a cluster, which read the Snakefile again,
    take none.
    """
    looking = _only_looks(sys.argv if argv is None else argv)
    try:
        if main and not looking:
            hold_lock(plan.CACHE / "lock")
        reviews, formats, cores = _settings(config)
        found = plan.plan(plan.find_reviews(wanted=reviews))
        _ask(found)
    except (AlreadyRunning, BadInput) as problem:
        raise SystemExit(_plainly(str(problem))) from None
    if main and not looking:
        for review in found:
            if not review.message:
                for name in ("refused.txt", "refused.html"):
                    Path(f"results/{review.name}/checks/{name}").unlink(missing_ok=True)
    return Run(found, formats, cores)


def _ask(reviews: Iterable[plan.Planned]) -> None:
    """Put every digest into its file, touching only the files whose digest changed."""
    for review in reviews:
        for stage, digest in review.digests.items():
            path = plan.CACHE / review.name / stage.replace("/", "-")
            text = f"{digest}\n"
            if not path.exists() or path.read_text(encoding="ascii") != text:
                write_atomically(path, text)


def _plainly(message: str) -> int:
    print(message, file=sys.stderr, flush=True)
    return 1


def _only_looks(argv: list[str]) -> bool:
    """Whether Snakemake was asked only to show something."""
    long = {"--dry-run", "--dryrun", "--dag", "--rulegraph", "--filegraph", "--summary", "--detailed-summary", "--lint"}
    long |= {
        "--list",
        "--list-rules",
        "--list-target-rules",
        "--unlock",
        "--report",
        "--d3dag",
        "--generate-unit-tests",
    }
    return any(
        word.split("=")[0] in long or (word.startswith("-") and not word.startswith("--") and "n" in word[1:])
        for word in argv[1:]
    )


def _settings(config: Mapping[str, Any]) -> tuple[list[str] | None, tuple[str, ...], int | None]:
    faults = [
        _fault(key, f"unknown key {key!r}", f"one of {', '.join(_CONFIG_KEYS)}")
        for key in config
        if key not in _CONFIG_KEYS
    ]
    formats = config.get("formats", list(FORMATS))
    reviews, cores = config.get("reviews"), config.get("cores")
    if not isinstance(formats, list) or not set(formats) <= set(FORMATS):
        faults.append(_fault("formats", repr(formats), "a list of svg, pdf, png"))
    if reviews is not None and not (isinstance(reviews, list) and all(isinstance(name, str) for name in reviews)):
        faults.append(_fault("reviews", repr(reviews), "a list of folder names under data"))
    if cores is not None and not (isinstance(cores, int) and cores >= 1):
        faults.append(_fault("cores", repr(cores), "a whole number of at least 1"))
    if faults:
        raise BadInput(faults)
    return reviews, tuple(formats), cores


def _fault(key: str, found: str, expected: str) -> Finding:
    return Finding(
        id="CONFIG",
        level=Level.ERROR,
        origin=Origin("config.yaml", ""),
        subject=key,
        found=found,
        expected=expected,
        to_fix="correct this line, or delete it",
    )
