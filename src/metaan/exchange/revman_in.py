"""Study-data files of RevMan, and the analysis data of the Cochrane Library, as rows."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from metaan.exchange import csv_text, figures_of
from metaan.exchange import revman_names as names
from metaan.exchange.arms import exact
from metaan.exchange.comparisons import Comparison, Figures, Study, imported
from metaan.exchange.intake import Imported, LeftOut
from metaan.files import unguard
from metaan.terms.finding import bad_file
from metaan.workbook.columns import Layout
from metaan.workbook.values import parse_number

_QUOTED = (
    *("Effect measure", "Cases", "Sample size", "Mean", "SD", "SE", "Variance", "CI level", "CI start", "CI end"),
    *("Exp mean", "Exp CI start", "Exp CI end", "t-test", "z-test", "P value"),
)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def import_revman(
    files: Mapping[str, bytes],
    name: str,
    layout: Layout,
    outcomes: Mapping[str, str] | None = None,
    controls: Collection[str] = (),
) -> Imported:
    """Return the results of RevMan's files as rows.

    Parameters
    ----------
    files : mapping
        File name -> content; known by how the names end: study-results.csv with study-information.csv, or data-rows.csv
        with overall-estimates-and-settings.csv.
    controls : collection of str
        Arms that are controls, for studies with more than two arms.

    Raises
    ------
    BadInput
        No file holds results, or one of them is no CSV.
    """
    results, rows = _file(files, names.RESULTS_FILE), _file(files, names.DATA_ROWS_FILE)
    if results is None and rows is None:
        expected = f"{names.RESULTS_FILE} or {names.DATA_ROWS_FILE}"
        raise bad_file(name, "no file of results", expected, "name the folder with the CSV files of RevMan")
    studies = _studies(files, name)
    left_out: list[LeftOut] = []
    if results is not None:
        lines = _lines(results, f"{name}/{results}", files, ("Study", "Outcome"))
        found = list(_study_results(lines, controls, left_out))
        known: Collection[str] = names.RESULTS
        taken = results
    else:
        assert rows is not None
        lines = _lines(rows, f"{name}/{rows}", files, ("Study", "Analysis number"))
        found = list(_data_rows(lines, _settings(files, name), left_out))
        known = _DATA_ROWS
        taken = rows
    unmapped = sorted({column for line in lines for column, text in line.cells.items() if text} - set(known))
    others = sorted(key for key in files if not key.endswith(_TAKEN) and key != taken)
    return imported(
        found,
        studies,
        layout,
        taken,
        left_out=left_out,
        unmapped=[*unmapped, *(f"file {other}" for other in others)],
        outcomes=outcomes,
    )


_TAKEN = (names.INFORMATION_FILE, names.ARMS_FILE, names.SETTINGS_FILE)


def _file(files: Mapping[str, bytes], ending: str) -> str | None:
    return next((key for key in sorted(files) if key.endswith(ending)), None)


def _lines(key: str, place: str, files: Mapping[str, bytes], needed: Collection[str]) -> list[_Line]:
    header, rows = csv_text.read(files[key], place)
    for column in needed:
        if column not in header:
            named = f'column "{column}"'
            raise bad_file(place, f"no {named}", f"the {named}", "export the file from RevMan again")
    return [_Line(number, {column: unguard(text).strip() for column, text in cells.items()}) for number, cells in rows]


def _studies(files: Mapping[str, bytes], name: str) -> list[Study]:
    key = _file(files, names.INFORMATION_FILE)
    if key is None:
        return []
    found = []
    for line in _lines(key, f"{name}/{key}", files, ("Study",)):
        says = {column: text for column, text in line.cells.items() if text and column not in ("Study", "Year")}
        found.append(Study(name=line["Study"], year=line["Year"], says=says))
    return found


def _quote(*lines: _Line) -> str:
    parts = [
        ", ".join([line["Arm"], *(f"{name} {line[name]}" for name in _QUOTED if line[name])]).strip(", ")
        for line in lines
    ]
    return "; ".join(parts)[:300]


def _study_results(lines: list[_Line], controls: Collection[str], left_out: list[LeftOut]) -> Iterator[Comparison]:
    """Yield contrasts as they stand, and arms joined in pairs."""
    by_result: dict[tuple[str, str], list[_Line]] = {}
    for line in lines:
        if line["Reference arm"]:
            yield from _try([line], line["Arm"], line["Reference arm"], partial(_contrast, line), left_out)
        else:
            by_result.setdefault((line["Study"], line["Outcome"]), []).append(line)
    for arms in by_result.values():
        yield from _pairs(arms, controls, left_out)


def _pairs(arms: list[_Line], controls: Collection[str], left_out: list[LeftOut]) -> Iterator[Comparison]:
    named = [line for line in arms if line["Arm"] in controls]
    if len(arms) == 1:
        left_out.append(LeftOut(_which(arms[0]), "one arm alone: nothing to compare it with"))
        return
    if len(arms) > 2 and len(named) != 1:
        listed = ", ".join(line["Arm"] for line in arms)
        left_out.append(LeftOut(_which(arms[0]), f"{len(arms)} arms ({listed}): name the control with --control"))
        return
    control = named[0] if len(named) == 1 else arms[1]
    for line in arms:
        if line is not control:
            yield from _try(
                [line, control],
                line["Arm"],
                control["Arm"],
                partial(_of_arms, line, control),
                left_out,
            )


def _try(
    lines: list[_Line],
    experimental: str,
    control: str,
    figures: Callable[[], Figures],
    left_out: list[LeftOut],
) -> Iterator[Comparison]:
    try:
        made = figures()
    except figures_of.NoForm as reason:
        left_out.append(LeftOut(_which(lines[0]), str(reason)))
        return
    numbers = [str(line.number) for line in lines]
    yield Comparison(
        study=lines[0]["Study"],
        outcome=lines[0]["Outcome"],
        experimental=experimental or "experimental",
        control=control or "control",
        figures=made,
        place=f"line {numbers[0]}" if len(numbers) == 1 else f"lines {' and '.join(numbers)}",
        quote=_quote(*lines),
        footnotes=lines[0]["Footnotes"],
    )


def _which(line: _Line) -> str:
    return f"line {line.number} ({line['Study']}, {line['Outcome'] or line['Analysis name']})"


def _of_arms(one: _Line, two: _Line) -> Figures:
    if one["Cases"] or two["Cases"]:
        return figures_of.counts(one["Cases"], one["Sample size"], two["Cases"], two["Sample size"])
    for kind in ("SD", "SE"):
        if one[kind] and two[kind]:
            return figures_of.means(
                *(one["Sample size"], one["Mean"], one[kind]),
                *(two["Sample size"], two["Mean"], two[kind], kind.casefold()),
            )
    raise figures_of.NoForm("no cases, and no means with SD or SE for both arms")


def _contrast(line: _Line) -> Figures:
    measure = figures_of.measure_of(line["Effect measure"])
    level = line["CI level"]
    if line["Exp mean"] and line["Exp CI start"] and line["Exp CI end"]:
        return figures_of.ratio_with_interval(
            measure, line["Exp mean"], line["Exp CI start"], line["Exp CI end"], level
        )
    if measure in ("OR", "RR", "HR") and line["Exp mean"] and (line["SE"] or line["P value"]):
        cells = {"form": "ratio", "est": line["Exp mean"], "scale": measure}
        if line["SE"]:
            return Figures(cells | {"se_log": line["SE"]})
        return Figures(cells | {"p_value": line["P value"], "p_cmp": "="})
    if line["Mean"] and line["SE"]:
        return figures_of.log_estimate(measure, line["Mean"], line["SE"])
    if line["Mean"] and line["CI start"] and line["CI end"]:
        if measure == "MD":
            return figures_of.ratio_with_interval(measure, line["Mean"], line["CI start"], line["CI end"], level)
        return _exponentiated(measure, line)
    if measure == "MD" and line["Mean"] and line["P value"]:
        return Figures({"form": "difference", "diff": line["Mean"], "p_value": line["P value"], "p_cmp": "="})
    raise figures_of.NoForm("a contrast without standard error, interval or exact p-value")


def _exponentiated(measure: str, line: _Line) -> Figures:
    numbers = [parse_number(line[name]) for name in ("Mean", "CI start", "CI end")]
    if any(number is None or abs(number.value) > 20 for number in numbers):
        raise figures_of.NoForm("a log ratio or a limit that is no number")
    estimate, low, high = (exact(math.exp(number.value)) for number in numbers if number is not None)
    figures = figures_of.ratio_with_interval(measure, estimate, low, high, line["CI level"])
    note = f"exp of {line['Mean']}, {line['CI start']} and {line['CI end']}; the source gives logarithms"
    return figures._replace(derived="converted", derivation=note)


_DATA_ROWS = (
    *("Analysis group", "Analysis number", "Analysis name", "Subgroup", "Subgroup number", "Applicability"),
    *(
        "Study",
        "Study year",
        "GIV Mean",
        "GIV SE",
        "Mean",
        "CI start",
        "CI end",
        "Weight",
        "Footnotes",
        "O-E",
        "Variance",
    ),
    *("Experimental cases", "Experimental N", "Experimental mean", "Experimental SD"),
    *("Control cases", "Control N", "Control mean", "Control SD", "Analysis ID"),
)


def _settings(files: Mapping[str, bytes], name: str) -> dict[tuple[str, str], _Line]:
    key = _file(files, names.SETTINGS_FILE)
    if key is None:
        return {}
    lines = _lines(key, f"{name}/{key}", files, ("Analysis group", "Analysis number"))
    return {(line["Analysis group"], line["Analysis number"]): line for line in lines}


def _data_rows(
    lines: list[_Line], settings: Mapping[tuple[str, str], _Line], left_out: list[LeftOut]
) -> Iterator[Comparison]:
    for line in lines:
        setting = settings.get((line["Analysis group"], line["Analysis number"]), _Line(0, {}))
        try:
            figures = _of_row(line, setting)
        except figures_of.NoForm as reason:
            left_out.append(LeftOut(_which(line), str(reason)))
            continue
        shown = [
            f"{name} {text}" for name, text in line.cells.items() if text and name in _DATA_ROWS[6:] and name != "Study"
        ]
        yield Comparison(
            study=line["Study"],
            outcome=line["Analysis name"] or setting["Analysis name"] or "not named",
            experimental=setting["Experimental intervention"] or setting["Experimental group label"] or "experimental",
            control=setting["Control intervention"] or setting["Control group label"] or "control",
            figures=figures,
            place=f"line {line.number} (analysis {line['Analysis group']}.{line['Analysis number']})",
            quote="; ".join(shown)[:300],
            subgroup=line["Subgroup"] if line["Subgroup"] != "#N/A" else "",
            footnotes=line["Footnotes"],
        )


def _of_row(line: _Line, setting: _Line) -> Figures:
    measure = figures_of.measure_of(setting["Effect measure"])
    if line["Experimental cases"] and line["Control cases"] and not line["O-E"]:
        return figures_of.counts(
            *(line["Experimental cases"], line["Experimental N"]), *(line["Control cases"], line["Control N"])
        )
    if line["Experimental SD"] and line["Control SD"]:
        return figures_of.means(
            *(line["Experimental N"], line["Experimental mean"], line["Experimental SD"]),
            *(line["Control N"], line["Control mean"], line["Control SD"]),
        )
    if line["O-E"] and line["Variance"]:
        events = (line["Experimental cases"], line["Control cases"])
        return figures_of.observed_minus_expected(line["O-E"], line["Variance"], events, measure=measure)
    if line["GIV Mean"] and line["GIV SE"]:
        if not setting.cells:
            raise figures_of.NoForm(
                "an effect whose measure stands in overall-estimates-and-settings.csv, which is missing"
            )
        return figures_of.log_estimate(measure, line["GIV Mean"], line["GIV SE"], shown=line["Mean"])
    raise figures_of.NoForm("no cases, no means with SD, no O-E and no generic effect")
