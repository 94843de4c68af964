"""What every result is: a frozen record of values, written to JSON and read back unchanged."""

import dataclasses
import html
import math
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

_INFINITIES = ("Inf", "-Inf")


class Record:
    """Frozen record that can be written as plain data and read back."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: dicts, lists, strings, numbers; infinities as strings, not-a-number as None."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild a record from `to_dict`."""
        hints = _hints(cls)  # type: ignore[arg-type]
        return cls(**{name: _typed(hints[name], value) for name, value in data.items()})


class Result(Record):
    """Record of what one method found: shown, tabulated and written without further work.

    Subclasses are declared with ``repr=False``. Floats, texts and intervals are single values; arrays and tuples of
    numbers or texts are columns, one item a study, a coefficient, or a synthesis of a batch.
    """

    __slots__ = ()

    def to_frame(self) -> Any:
        """Return a pandas frame: one row an item of the columns (of the longest kind), or one row of single values.

        An interval takes two columns, ``..._low`` and ``..._high``. Single values stand beside columns only if there is
        nothing else to tell rows apart, so they are left to the fields themselves.
        """
        import numpy as np
        import pandas as pd

        single: dict[str, Any] = {}
        columns: dict[str, Any] = {}
        for name, value in self._cells():
            flat = (
                np.asarray(value).reshape(-1) if isinstance(value, (tuple, list)) or hasattr(value, "reshape") else None
            )
            if flat is None or getattr(value, "shape", None) == ():
                single[name] = value
            else:
                columns[name] = flat
        if not columns:
            return pd.DataFrame({name: [value] for name, value in single.items()})
        length = max(len(column) for column in columns.values())
        kept = {name: column for name, column in columns.items() if len(column) == length}
        lacking = {name: value for name, value in single.items() if isinstance(value, float) and math.isnan(value)}
        return pd.DataFrame(kept | lacking)  # an interval that a whole batch lacks stays a column

    def _cells(self) -> list[tuple[str, Any]]:
        """Return names and values that can stand in a table; nested records and settings cannot."""
        cells: list[tuple[str, Any]] = []
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if isinstance(value, Interval):
                cells += [(f"{f.name}_low", value.low), (f"{f.name}_high", value.high)]
            elif value is None and "Interval" in str(f.type):
                cells += [(f"{f.name}_low", math.nan), (f"{f.name}_high", math.nan)]
            elif not isinstance(value, (Record, dict)) and not _nested(value):
                cells.append((f.name, value))
        return cells

    def __repr__(self) -> str:
        from metaan.terms.wording import number

        def shown(value: Any) -> str:
            if isinstance(value, Interval):
                return f"{shown(value.low)} to {shown(value.high)}"
            if isinstance(value, bool) or value is None or isinstance(value, str):
                return {True: "yes", False: "no", None: "none"}.get(value, str(value))  # type: ignore[arg-type]
            if isinstance(value, dict):
                return ", ".join(f"{key} {shown(item)}" for key, item in value.items())
            if hasattr(value, "tolist"):
                value = value.tolist()
            if isinstance(value, (tuple, list)):
                some = ", ".join(shown(item) for item in value[:6])
                return f"[{some}]" if len(value) <= 6 else f"[{some}, ... {len(value)} in all]"
            if isinstance(value, Record):
                inner = dataclasses.fields(value)  # type: ignore[arg-type]
                return ", ".join(f"{f.name} {shown(getattr(value, f.name))}" for f in inner)
            return number(value) if isinstance(value, float) else str(value)

        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        width = max(len(f.name) for f in fields)
        lines = [f"  {f.name:<{width}}  {shown(getattr(self, f.name))}" for f in fields]
        return "\n".join([type(self).__name__, *lines])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def _nested(value: Any) -> bool:
    """Tell whether a value is a table of its own: a matrix that is no batch, or a tuple of records or tuples."""
    return isinstance(value, (tuple, list)) and any(isinstance(item, (Record, dict, tuple, list)) for item in value)


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else _INFINITIES[value < 0]
    return value


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _typed(hint: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        if str in arguments and isinstance(value, str) and value not in _INFINITIES:
            return value
        hint = next(argument for argument in arguments if argument is not type(None))
        return _typed(hint, value)
    if origin is tuple:
        return tuple(_typed(arguments[0], item) for item in value)
    if origin is dict:
        return {key: _typed(arguments[1], item) for key, item in value.items()}
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_dict(value)
    if hint is float:
        return math.nan if value is None else float(value)
    return value


@dataclass(frozen=True, slots=True)
class Interval(Record):
    """Two limits."""

    low: float
    high: float
