"""The slips of a typing hand: one number changed in one way, to see which change makes a row agree with itself."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from metaan.checks.printed import Printed
from metaan.checks.ranges import Range, printed

Fits = Callable[[dict[str, Range]], bool]


def one_number(cells: Printed, names: Sequence[str], fits: Fits) -> str:
    """Return which single change of one number makes all agree, in words; empty where none or too many do."""
    for ways in (_shifts, transposed, one_digit):
        found = []
        for name in names:
            for text in ways(cells.text(name)):
                changed = printed(text, cells.mark, [cells.text(n) for n in names if n != name])
                if changed is not None and changed.low > 0 and fits({name: changed}):
                    found.append((name, text))
        if found and len({name for name, _ in found}) <= 2:
            named: dict[str, list[str]] = {}
            for name, text in found:
                named.setdefault(name, []).append(text)
            said = [f"{' or '.join(texts[:2])} in {cells.cell(name)}" for name, texts in named.items()]
            return f"{' or '.join(said)} would fit ({_WORDS[ways]})"
    return ""


def digits(text: str) -> Iterator[str]:
    """Yield the number with two digits exchanged, then with one digit changed."""
    yield from transposed(text)
    yield from one_digit(text)


def _shifts(text: str) -> Iterator[str]:
    """Yield the number with its decimal mark one or two places on, as typed digits."""
    match = re.fullmatch(r"(\d*)([.,]?)(\d*)", text)
    if match is None:
        return
    whole, mark, part = match.groups()
    mark = mark or "."
    digits = whole + part
    for shift in (-1, 1, -2, 2):
        place = len(whole) + shift
        if place <= 0:
            yield f"0{mark}{'0' * -place}{digits}"
        elif place < len(digits):
            yield f"{digits[:place].lstrip('0') or '0'}{mark}{digits[place:]}"
        else:
            yield f"{digits.lstrip('0')}{'0' * (place - len(digits))}"


def transposed(text: str) -> Iterator[str]:
    """Yield the number with two neighbouring digits exchanged."""
    places = [i for i, letter in enumerate(text) if letter.isdigit()]
    for i, j in pairwise(places):
        if text[i] != text[j]:
            letters = list(text)
            letters[i], letters[j] = letters[j], letters[i]
            yield "".join(letters)


def one_digit(text: str) -> Iterator[str]:
    """Yield the number with one digit changed."""
    for i, letter in enumerate(text):
        if letter.isdigit():
            for digit in "0123456789":
                if digit != letter:
                    yield text[:i] + digit + text[i + 1 :]


def _digit_more(text: str) -> Iterator[str]:
    """Yield the number without one of its digits, then with one more at its end."""
    for i in range(len(text) if len(text) > 1 else 0):
        yield text[:i] + text[i + 1 :]
    for digit in "0123456789":
        yield text + digit


_WORDS = {
    _shifts: "a decimal shift",
    transposed: "two digits exchanged",
    one_digit: "one digit",
    _digit_more: "a digit too many or too few",
}


def retyped(cells: Printed, texts: Mapping[str, str]) -> Printed:
    """Return the row with other whole numbers in some of its cells."""
    row = replace(cells.row, values={**cells.row.values, **texts})
    return replace(cells, row=row, values={**cells.values, **{name: int(text) for name, text in texts.items()}})


def one_count(cells: Printed, names: Sequence[str], agrees: Callable[[Printed], bool]) -> tuple[str, str] | None:
    """Return a cell, and in words the slip in it without which the row agrees; None where several cells would do."""
    for ways in (transposed, one_digit, _digit_more):
        found = [
            (name, text)
            for name in names
            for text in dict.fromkeys(ways(cells.text(name)))
            if text.isdecimal() and agrees(retyped(cells, {name: text}))
        ]
        if found and len({name for name, _ in found}) == 1:
            name = found[0][0]
            texts = " or ".join(text for _, text in found[:2])
            return name, f"{texts} in {cells.cell(name)} would make all agree ({_WORDS[ways]})"
        if found:
            return None
    return None
