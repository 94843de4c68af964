"""A review as the study-data files of RevMan: study information, arms, results, risk of bias, and references."""

from collections.abc import Sequence
from dataclasses import dataclass

from metaan.exchange import revman_names as names
from metaan.exchange.arms import arm_labels, counts, plain
from metaan.exchange.intake import LeftOut
from metaan.exchange.references import reports
from metaan.exchange.ris import ris_text
from metaan.files import csv_text
from metaan.pooling.select import Candidate
from metaan.workbook.columns import Layout
from metaan.workbook.forms import FORMS
from metaan.workbook.read import Extraction, Row


@dataclass(frozen=True, slots=True)
class RevMan:
    """The files by name, and the rows RevMan has no place for."""

    files: dict[str, str]
    written: int  #: rows of Effects
    left_out: tuple[LeftOut, ...]


class _NoPlace(Exception):  # noqa: N818 - says what is the case
    """RevMan has no place for the figures; the message says why."""


def to_revman(
    extraction: Extraction, layout: Layout, candidates: Sequence[Candidate], mark: str, review: str
) -> RevMan:
    """Return the study-data files of RevMan.

    One result a comparison: counts and means by arm, ratios and differences by contrast. Two results of one study with
    one name get the name of their row besides, so that none overwrites the other. Footnotes name effect and design, so
    that `metaan import revman` gives the rows their names again.
    """
    arms: dict[tuple[str, str], str] = {}
    lines: list[dict[str, str]] = []
    left_out: list[LeftOut] = []
    used: set[tuple[str, str]] = set()
    written = 0
    for row in candidates:
        effect = row.row["effect_id"]
        outcome = _outcome(row, layout)
        first, second = arm_labels(row.row, row.values, layout.label("outcome", row.row["outcome"]))
        try:
            results = _results(row, first, second, mark)
        except _NoPlace as reason:
            left_out.append(LeftOut(effect, str(reason)))
            continue
        if (row.label, outcome) in used:
            outcome = f"{outcome} ({effect})"
        used.add((row.label, outcome))
        written += 1
        note = f"metaan effect {effect} design {row.row['design_id']} outcome {row.row['outcome']}"
        lines += [{"Study": row.label, "Outcome": outcome, **result, "Footnotes": note} for result in results]
        for arm in (first, second):
            arms.setdefault((row.label, arm), row.design["contrast"])
    files = {
        names.INFORMATION_FILE: _information(extraction, layout),
        names.ARMS_FILE: csv_text(
            names.ARMS,
            [
                {"Study": study, "Arm": arm, "Description": contrast, "Intervention": arm}
                for (study, arm), contrast in arms.items()
            ],
        ),
        names.RESULTS_FILE: csv_text(names.RESULTS, lines),
        **_bias(extraction),
    }
    named = {f"{review}-{name}": text for name, text in files.items()}
    named[f"{review}-{names.REFERENCES_FILE}"] = ris_text(reports(extraction))
    return RevMan(named, written, tuple(left_out))


def _outcome(row: Candidate, layout: Layout) -> str:
    parts = [layout.label("outcome", row.row["outcome"])]
    if row.row["factor_kind"] == "marker":
        parts.insert(0, layout.label("marker", row.row["marker"]))
    parts += [text for text in (row.row.answer("timepoint"), row.row.answer("subgroup")) if text]
    return ", ".join(parts)


def _results(row: Candidate, first: str, second: str, mark: str) -> list[dict[str, str]]:
    form = row.row["form"]
    if table := counts(row.values):
        a, b, c, d = table
        return [
            {"Data type": "Dichotomous", "Arm": first, "Cases": str(a), "Sample size": str(a + b)},
            {"Data type": "Dichotomous", "Arm": second, "Cases": str(c), "Sample size": str(c + d)},
        ]
    if form == "means":
        return _means(row.row, first, second, mark)
    if form == "ratio":
        return [_ratio(row.row, first, second, mark)]
    if form == "difference":
        return [_difference(row.row, first, second, mark)]
    raise _NoPlace(f"RevMan has no place for this form: {FORMS[form].meaning}")


def _means(row: Row, first: str, second: str, mark: str) -> list[dict[str, str]]:
    column = {"sd": "SD", "se": "SE"}.get(row["spread_type"], "")
    if not column or not (plain(row, "sd1", mark) and plain(row, "sd2", mark)):
        raise _NoPlace("means without a spread that is said to be SD or SE")
    return [
        {
            "Data type": "Continuous",
            "Arm": arm,
            "Sample size": plain(row, f"n{group}", mark),
            "Mean": plain(row, f"m{group}", mark),
            column: plain(row, f"sd{group}", mark),
        }
        for group, arm in (("1", first), ("2", second))
    ]


def _ratio(row: Row, first: str, second: str, mark: str) -> dict[str, str]:
    scale, estimate = row.answer("scale"), plain(row, "est", mark)
    if not scale:
        raise _NoPlace("a ratio of which it is not stated whether it is OR, RR or HR")
    cells = {"Data type": "Dichotomous", "Effect measure": scale, "Arm": first, "Reference arm": second}
    cells["Exp mean"] = estimate
    if plain(row, "ci_low", mark) and plain(row, "ci_high", mark):
        level = plain(row, "ci_level", mark)
        return cells | {
            "CI level": level or "95",
            "Exp CI start": plain(row, "ci_low", mark),
            "Exp CI end": plain(row, "ci_high", mark),
        }
    if plain(row, "se_log", mark):
        return cells | {"SE": plain(row, "se_log", mark)}
    if plain(row, "p_value", mark) and row["p_cmp"] == "=":
        return cells | {"P value": plain(row, "p_value", mark)}
    raise _NoPlace("a ratio without interval, standard error or exact p-value")


def _difference(row: Row, first: str, second: str, mark: str) -> dict[str, str]:
    cells = {"Data type": "Continuous", "Effect measure": "MD", "Arm": first, "Reference arm": second}
    cells["Mean"] = plain(row, "diff", mark)
    if plain(row, "diff_low", mark) and plain(row, "diff_high", mark):
        return cells | {
            "CI level": plain(row, "ci_level", mark) or "95",
            "CI start": plain(row, "diff_low", mark),
            "CI end": plain(row, "diff_high", mark),
        }
    if plain(row, "diff_se", mark):
        return cells | {"SE": plain(row, "diff_se", mark)}
    if plain(row, "p_value", mark) and row["p_cmp"] == "=":
        return cells | {"P value": plain(row, "p_value", mark)}
    raise _NoPlace("a difference without interval, standard error or exact p-value")


def _information(extraction: Extraction, layout: Layout) -> str:
    designs: dict[str, list[Row]] = {}
    for design in extraction.sheet("Design"):
        designs.setdefault(design["study_id"], []).append(design)
    rows = []
    for study in extraction.sheet("Studies"):
        own = designs.get(study["study_id"], ())
        size = study.answer("n_enrolled")
        people = [layout.label("population", study["population"]), f"{size} enrolled" if size else ""]
        people += [study.answer("country"), study.answer("setting")]
        rows.append(
            {
                "Study": study["label"],
                "Year": study.answer("year"),
                "Char: Methods": "; ".join(
                    dict.fromkeys(d.answer("author_label") for d in own if d.answer("author_label"))
                ),
                "Char: Participants": ", ".join(part for part in people if part),
                "Char: Interventions": "; ".join(dict.fromkeys(d["contrast"] for d in own)),
                "Char: Notes": study.answer("notes"),
            }
        )
    return csv_text(names.INFORMATION, rows)


def _bias(extraction: Extraction) -> dict[str, str]:
    """Return judgements and support by study and domain; no file where the Quality sheet is empty."""
    studies = extraction.by_key("Studies", "study_id")
    designs = extraction.by_key("Design", "design_id")
    domains: dict[str, None] = {}
    rows: dict[str, dict[str, str]] = {}
    for row in extraction.sheet("Quality"):
        design = designs.get(row["design_id"])
        study = studies.get(design["study_id"]) if design else None
        if study is None or not row.answer("judgement"):
            continue
        domains[row["domain"]] = None
        cells = rows.setdefault(study["label"], {"Study": study["label"]})
        cells[f"Domain (judgement): {row['domain']}"] = row["judgement"].replace("_", " ")
        cells[f"Domain (support): {row['domain']}"] = row.answer("support")
    if not rows:
        return {}
    heads = [f"Domain ({kind}): {domain}" for domain in domains for kind in ("judgement", "support")]
    return {names.BIAS_FILE: csv_text(["Study", *heads], list(rows.values()))}
