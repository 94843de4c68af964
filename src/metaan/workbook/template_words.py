"""What the template says about a column: its input message and its line in the Codebook."""

from metaan.workbook.columns import Column, Layout, Sheet, When
from metaan.workbook.forms import ANY_FORM, FORMS

LONGEST_TITLE = 32  #: limits of spreadsheet programs for an input message
LONGEST_MESSAGE = 255

CODEBOOK = (
    ("sheet", 12),
    ("column", 24),
    ("kind", 10),
    ("required", 34),
    ("meaning", 56),
    ("unit", 10),
    ("limits", 16),
    ("needed for the form", 28),
    ("may be filled for the form", 40),
    ("words", 60),
    ("example", 24),
)


def message(sheet: Sheet, column: Column, layout: Layout, example: str = "") -> str:
    """Return the input message of a column: meaning, unit, example, when it is needed, what its words mean.

    Lines that do not fit are left out from the end; all of them stand in the Codebook.
    """
    lines = [column.meaning]
    if column.unit:
        lines.append(f"unit: {column.unit}")
    if example and column.kind != "word":
        lines.append(f"example: {example}")
    if isinstance(column.required, When):
        lines.append(f"required when {column.required}")
    needed, optional = form_use(sheet, column)
    if needed:
        lines.append(f"needed for: {', '.join(needed)}")
    if optional:
        lines.append(f"may be filled for: {', '.join(optional)}")
    if column.kind == "word":
        lines += [f"{word}: {label}" for word, label in _labelled(column, layout)]
    said = lines[0]
    for i, line in enumerate(lines[1:], 2):
        rest = "(more in the Codebook)" if i < len(lines) else ""
        if len(said) + 1 + len(line) + (1 + len(rest) if rest else 0) > LONGEST_MESSAGE:
            return f"{said}\n(more in the Codebook)"
        said += f"\n{line}"
    return said


def form_use(sheet: Sheet, column: Column) -> tuple[list[str], list[str]]:
    """Return the forms that need a column of numbers, alone or as one of several ways, and those that may fill it."""
    if sheet.name != "Effects" or column.group != "numbers" or column.name == "form":
        return [], []
    if column.name in ANY_FORM:
        return [], ["any form"]
    needed = {
        form.name
        for form in FORMS.values()
        if column.name in form.required or any(column.name in group for group in form.one_of)
    }
    using = [form.name for form in FORMS.values() if column.name in form.columns]
    return [name for name in using if name in needed], [name for name in using if name not in needed]


def codebook_line(sheet: Sheet, column: Column, layout: Layout, example: str = "") -> tuple[str, ...]:
    """Return the cells of a column's line, in the order of `CODEBOOK`."""
    when = column.required
    needed, optional = form_use(sheet, column)
    words = layout.lists.get(column.words, {}) if column.kind == "word" else {}
    return (
        sheet.name,
        column.name,
        column.kind,
        f"when {when}" if isinstance(when, When) else "always" if when else "",
        column.meaning,
        column.unit,
        column.limits if column.numeric else "",
        ", ".join(needed),
        ", ".join(optional),
        "; ".join(f"{word} = {label}" if label and label != word else word for word, label in words.items()),
        example,
    )


def _labelled(column: Column, layout: Layout) -> list[tuple[str, str]]:
    """Return the words of a list whose label says more than the word."""
    words = layout.lists.get(column.words, {})
    return [(word, label) for word, label in words.items() if label and label != word]
