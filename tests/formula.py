"""Evaluates the formulas of conditional formats: the few functions they use, on text typed into one row."""

import re

TOKEN = re.compile(
    r'\s*(?:"(?P<string>(?:[^"]|"")*)"|(?P<number>\d+(?:\.\d+)?)|(?P<ref>\$?[A-Z]{1,3}\$?\d+)(?::(?P<to>\$?[A-Z]{1,3}\$?\d+))?'
    r"|(?P<name>[A-Z]+)\(|(?P<sign><>|<=|>=|[-+&=<>(),]))"
)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class FormulaError(Exception):
    """An error value."""


def _column(letters):
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _split(reference):
    letters, row = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", reference).groups()
    return _column(letters), int(row)


def _value(text):
    if isinstance(text, float):
        return text
    if not NUMBER.fullmatch(text.strip()):
        raise FormulaError
    return float(text)


def _find(what, text, start=1.0):
    at = text.find(what, int(start) - 1)
    if at < 0 or start > len(text):
        raise FormulaError
    return float(at + 1)


def _same(a, b):
    return a.casefold() == b.casefold() if isinstance(a, str) and isinstance(b, str) else a == b


#: functions of one cell's text or number
PLAIN = {
    "LEN": lambda text: float(len(text)),
    "TRIM": lambda text: re.sub(" +", " ", text.strip(" ")),
    "LOWER": str.lower,
    "UPPER": str.upper,
    "FIND": _find,
    "SUBSTITUTE": lambda text, old, new: text.replace(old, new),
    "VALUE": _value,
    "LEFT": lambda text, n: text[: int(n)],
    "MID": lambda text, at, n: text[int(at) - 1 : int(at) - 1 + int(n)],
    "EXACT": lambda a, b: a == b,
    "NOT": lambda a: not a,
    "AND": lambda *tests: all(tests),
    "OR": lambda *tests: any(tests),
}
FUNCTIONS = {*PLAIN, "COUNTA", "COUNTIF", "ISNUMBER", "ISERROR"}


class _Parser:
    def __init__(self, formula, cells):
        self.tokens = []
        at = 0
        while at < len(formula):
            match = TOKEN.match(formula, at)
            if not match:
                raise SyntaxError(formula[at:])
            self.tokens.append(match)
            at = match.end()
        self.at = 0
        self.cells = {_split(name): text for name, text in cells.items()}

    def peek(self, *signs):
        return self.at < len(self.tokens) and self.tokens[self.at]["sign"] in signs

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def comparison(self):
        """Return a thunk, so that an error is raised where ISNUMBER and ISERROR can catch it."""
        left = self.joined()
        while self.peek("=", "<>", "<", ">", "<=", ">="):
            sign, first, second = self.take()["sign"], left, self.joined()
            left = lambda sign=sign, a=first, b=second: {  # noqa: E731
                "=": _same,
                "<>": lambda x, y: not _same(x, y),
                "<": lambda x, y: x < y,
                ">": lambda x, y: x > y,
                "<=": lambda x, y: x <= y,
                ">=": lambda x, y: x >= y,
            }[sign](a(), b())
        return left

    def joined(self):
        left = self.atom()
        while self.peek("&", "-", "+"):
            sign, first, second = self.take()["sign"], left, self.atom()
            left = lambda sign=sign, a=first, b=second: (  # noqa: E731
                a() + b() if sign in "&+" else a() - b()
            )
        return left

    def atom(self):
        token = self.take()
        if token["string"] is not None:
            return lambda: token["string"].replace('""', '"')
        if token["number"]:
            return lambda: float(token["number"])
        if token["ref"]:
            if token["to"]:
                return lambda: self.area(token["ref"], token["to"])
            return lambda: self.cells.get(_split(token["ref"]), "")
        if token["sign"] == "(":
            inner = self.comparison()
            self.take()
            return inner
        arguments = [self.comparison()]
        while self.take()["sign"] == ",":
            arguments.append(self.comparison())
        return lambda: self.call(token["name"], arguments)

    def area(self, first, last):
        (left, top), (right, bottom) = _split(first), _split(last)
        return [t for (c, r), t in self.cells.items() if left <= c <= right and top <= r <= bottom]

    def call(self, name, arguments):
        if name in ("ISNUMBER", "ISERROR"):
            try:
                value = arguments[0]()
            except FormulaError:
                return name == "ISERROR"
            return name == "ISNUMBER" and isinstance(value, float)
        values = [argument() for argument in arguments]
        if name == "COUNTA":
            return float(sum(len([t for t in v if t]) if isinstance(v, list) else bool(v) for v in values))
        if name == "COUNTIF":
            return float(sum(_same(text, values[1]) for text in values[0]))
        return PLAIN[name](*values)


def holds(formula, cells):
    """Return whether a formula is true for the text of cells, {"A2": "x"}; an error counts as false, as in a format."""
    try:
        return bool(_Parser(formula, cells).comparison()())
    except FormulaError:
        return False


def functions(formula):
    """Return the names of the functions a formula uses, outside its strings."""
    return set(re.findall(r"([A-Z]+)\(", re.sub(r'"[^"]*"', "", formula)))
