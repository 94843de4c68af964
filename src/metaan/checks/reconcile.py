"""Counts that several printed numbers contradict: the one slip that would make them all agree, at its own cell."""

from collections.abc import Callable, Iterator, Sequence

from metaan.checks import slips
from metaan.checks.printed import CONFIRM, Printed
from metaan.checks.tables import BY_CELL, BY_FACTOR, BY_OUTCOME
from metaan.terms.finding import Finding

Check = Callable[[Printed], Sequence[Finding]]
Change = tuple[str, str, dict[str, str]]  #: cell, words, texts


def reconciled(cells: Printed, check: Check) -> Sequence[Finding]:
    """Return what a check says of the counts of a row, as one finding where one slip in them explains it all.

    One printed number that does not fit may itself be wrong; where two or more contradict the counts, and a slip of
    the commonest kinds in the counts settles all of them, the counts are.
    """
    found = check(cells)
    against = list(dict.fromkeys(item.origin.cell for item in found))
    names = next((names for names in (BY_CELL, BY_FACTOR, BY_OUTCOME) if cells.has(*names)), None)
    exchanged = {cells.cell("pct_1"), cells.cell("pct_2")}.issuperset(against)  # then the percentages may be
    if len(against) < 2 or names is None or exchanged:
        return found

    def agrees(changed: Printed) -> bool:
        return min(changed[name] for name in names) >= 0 and not check(changed)

    slip = next(((cell, said) for cell, said, texts in _exchanges(cells, names) if _fits(cells, texts, agrees)), None)
    slip = slip or slips.one_count(cells, names, agrees)
    if slip is None:
        return found
    cell, said = slip
    return [
        cells.finding(
            found[0].id,
            cell,
            f"{cells.text(cell)}: {_listed(against)} do not agree with the counts of this row",
            "counts from which all of them follow",
            f"{said}; {CONFIRM}",
        )
    ]


def _listed(cells: Sequence[str]) -> str:
    return f"{', '.join(cells[:-1])} and {cells[-1]}"


def _fits(cells: Printed, texts: dict[str, str], agrees: Callable[[Printed], bool]) -> bool:
    return all(text.isdecimal() for text in texts.values()) and agrees(slips.retyped(cells, texts))


def _exchanges(cells: Printed, names: Sequence[str]) -> Iterator[Change]:
    """Yield the slips that change several counts, and percentages typed as counts."""
    first, second, third = names[:3]
    a, b, c, d = (cells[name] for name in names)
    whole = names != BY_CELL  #: the second and fourth are totals
    both = "with and without the outcome" if names == BY_OUTCOME else "of the two rows"

    def texts(*counts: int) -> dict[str, str]:
        return {name: str(count) for name, count in zip(names, counts, strict=True)}

    yield first, f"all would agree with the two groups ({both}) exchanged", texts(c, d, a, b)
    if whole:
        yield first, "all would agree with the two counts exchanged, and the totals as they stand", texts(c, b, a, d)
        yield second, "all would agree with the two totals exchanged, and the counts as they stand", texts(a, d, c, b)
        yield first, "people without the event were counted as events: all would agree", texts(b - a, b, d - c, d)
        said = "all would agree if these are people without the event, typed as totals"
        yield second, said, texts(a, a + b, c, c + d)
    else:
        yield first, "all would agree with events and people without them exchanged", texts(b, a, d, c)
        yield second, "all would agree with rows and columns of the table exchanged", texts(a, c, b, d)
        said = "all would agree if these are totals, typed as people without the event"
        yield second, said, texts(a, b - a, c, d - c)
    for name, part, rest in ((first, a, b), (third, c, d)):
        if part < 100:
            count = round(part * rest / 100) if whole else round(part * rest / (100 - part))
            yield name, f"it looks like a percentage typed as a count: {count} would make all agree", {name: str(count)}
