"""The colours of cells as formulas: missing, wrong, not needed for the form chosen.

Only what Excel, LibreOffice and Google Sheets share is used: no array constants, no volatile functions, no other sheet,
nothing that reads a number by the rules of a country, and no formula longer than 255 characters. Colours help the
typist; `metaan check` repeats every rule.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Column, Sheet, When
from metaan.workbook.forms import ANY_FORM, FORMS, Form
from metaan.workbook.grid import letters

LONGEST = 255

State = Literal["missing", "wrong", "unneeded"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One conditional format, written for row 2 of its column."""

    state: State
    formula: str  #: without the equals sign


def rules(sheet: Sheet, column: Column, last: int, decimal_mark: str = "point") -> tuple[Rule, ...]:
    """Return the rules of a column, the first that holds first; `last` is the last row that carries them."""
    cells = {c.name: f"${letters(i + 1)}2" for i, c in enumerate(sheet.columns)}
    here = cells[column.name].lstrip("$")
    found = [Rule("missing", formula) for formula in _missing(sheet, column, cells, here)]
    found += [Rule("wrong", formula) for formula in _wrong(column, here, last, decimal_mark)]
    if chosen_by_form(sheet, column):
        found.append(Rule("unneeded", _unneeded(column.name, cells["form"])))
    return tuple(found)


def chosen_by_form(sheet: Sheet, column: Column) -> bool:
    """Whether a column is needed or not by the form of its row."""
    return sheet.name == "Effects" and column.group == "numbers" and column.name not in {"form", *ANY_FORM}


def _missing(sheet: Sheet, column: Column, cells: dict[str, str], here: str) -> Iterator[str]:
    blank = f"LEN(TRIM({here}))=0"
    when = column.required
    if when is True:
        yield f"AND(COUNTA($A2:${letters(len(sheet.columns))}2)>0,{blank})"
    elif isinstance(when, When) and when.column in cells:
        yield f"AND({_condition(when, cells[when.column])},{blank})"
    if not chosen_by_form(sheet, column):
        return
    needing = [form.name for form in FORMS.values() if column.name in form.required]
    if needing:
        yield f"AND({_among(cells['form'], needing)},{blank})"
    for form in FORMS.values():
        if any(column.name in group for group in form.one_of) and column.name not in form.required:
            yield _one_of(form, column.name, cells, blank)


def _one_of(form: Form, name: str, cells: dict[str, str], blank: str) -> str:
    """Of several groups of cells one is enough: those begun are missing their rest, or the first if none is begun."""
    filled = [f"COUNTA({','.join(cells[other] for other in group)})" for group in form.one_of]
    incomplete = ",".join(f"{count}<{len(group)}" for count, group in zip(filled, form.one_of, strict=True))
    begun = [f"{count}>0" for count, group in zip(filled, form.one_of, strict=True) if name in group]
    if name in form.one_of[0]:
        everything = dict.fromkeys(cells[other] for group in form.one_of for other in group)
        begun = [f"COUNTA({','.join(everything)})=0", *begun]
    return f'AND({cells["form"]}="{form.name}",{blank},{incomplete},{_any(begun)})'


def _condition(when: When, cell: str) -> str:
    if when.among:
        return _among(cell, when.among)
    tests = "".join(f',{cell}<>"{word}"' for word in when.not_among)
    return f'AND({cell}<>""{tests})'


def _among(cell: str, words: Iterable[str]) -> str:
    return _any(f'{cell}="{word}"' for word in words)


def _any(tests: Iterable[str]) -> str:
    listed = list(tests)
    return listed[0] if len(listed) == 1 else f"OR({','.join(listed)})"


def _unneeded(name: str, form: str) -> str:
    """Return the shorter of two ways to say it: none of the forms that use it, or one of the others."""
    using = [each.name for each in FORMS.values() if name in each.columns]
    others = [each.name for each in FORMS.values() if name not in each.columns]
    none_of = "".join(f',{form}<>"{each}"' for each in using)
    return min(f'AND({form}<>""{none_of})', _among(form, others), key=len)


def _wrong(column: Column, here: str, last: int, decimal_mark: str) -> Iterator[str]:
    answered = f'LEN({here})>0,NOT(EXACT({here},"{NOT_REPORTED}")),NOT(EXACT({here},"{NOT_APPLICABLE}"))'
    if column.numeric:
        mark = "," if decimal_mark == "comma" else "."
        yield from _packed(answered, _no_number(column, here, mark))
        yield from _beyond(column, here, mark)
    elif column.kind == "date":
        yield from _packed(answered, _no_date(here))
    elif column.kind == "id":
        own = here.rstrip("2")
        tests = [f"COUNTIF(${own}$2:${own}${last},{here})>1", f"LEN({here})<3", f"LEN({here})>40"]
        tests += [f"ISNUMBER(VALUE(LEFT({here},1)))", *_holds(here, " .,/:()")]
        yield from _packed(f"LEN({here})>0", tests)
    elif column.kind in ("ref", "word"):
        yield f"LEN({here})<>LEN(TRIM({here}))"
    elif column.pattern:
        start = _literal_start(column.pattern)
        test = f'LEFT({here},{len(start)})<>"{start}"' if start else f"ISERROR(VALUE({here}))"
        yield from _packed(answered, [test, *_holds(here, " ")])


def _no_number(column: Column, here: str, mark: str) -> list[str]:
    other = "." if mark == "," else ","
    tests = [f'ISERROR(VALUE(SUBSTITUTE({here},"{mark}","")))', *_holds(here, other + " %/:(–")]
    without_e = f'SUBSTITUTE(LOWER({here}),"e","")'
    tests.append(f"NOT(EXACT({without_e},UPPER({without_e})))")  # TRUE is a number to some programs
    if column.low is not None and column.low >= 0:
        tests.append(f'LEFT({here},1)="-"')
    tests.append(f'ISNUMBER(FIND("-",SUBSTITUTE(LOWER({here}),"e-",""),2))')
    if column.kind == "integer":
        tests += _holds(here, mark)
    else:
        tests.append(f'LEN({here})-LEN(SUBSTITUTE({here},"{mark}",""))>1')
    return tests


def _beyond(column: Column, here: str, mark: str) -> Iterator[str]:
    """Whole parts outside the limits; text that is no number makes the formula fail, and so the rule."""
    whole = f'VALUE(LEFT({here}&"{mark}",FIND("{mark}",{here}&"{mark}")-1))'
    if column.high is not None and column.high <= 100:
        yield f"{whole}>{column.high:.0f}"
    if column.low is not None and column.low > 0:
        yield f"{whole}<{column.low:.0f}"


def _no_date(here: str) -> list[str]:
    return [
        f"AND(LEN({here})<>4,LEN({here})<>7,LEN({here})<>10)",
        f'AND(LEN({here})>4,MID({here},5,1)<>"-")',
        f'AND(LEN({here})>7,MID({here},8,1)<>"-")',
        f'LEN({here})-LEN(SUBSTITUTE({here},"-",""))>2',
        f'ISERROR(VALUE(SUBSTITUTE({here},"-","")))',
        f"NOT(EXACT(LOWER({here}),UPPER({here})))",
        *_holds(here, " .,/:"),
    ]


def _holds(here: str, signs: str) -> list[str]:
    return [f'ISNUMBER(FIND("{sign}",{here}))' for sign in signs]


def _packed(guard: str, tests: Iterable[str]) -> Iterator[str]:
    """Join tests by or, in as many formulas as the longest legal one asks for."""
    packed: list[str] = []
    for test in tests:
        if packed and len(f"AND({guard},{_any([*packed, test])})") > LONGEST:
            yield f"AND({guard},{_any(packed)})"
            packed = []
        packed.append(test)
    yield f"AND({guard},{_any(packed)})"


def _literal_start(pattern: str) -> str:
    """Return the characters every match of a pattern starts with."""
    start = ""
    rest = pattern
    while rest:
        sign, rest = (rest[:2], rest[2:]) if rest[0] == "\\" else (rest[0], rest[1:])
        if rest.startswith(("?", "*", "{")) or not (sign.isalnum() or sign == "\\."):
            break
        start += sign[-1]
    return start
