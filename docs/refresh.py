"""Refresh what is made on the pages of docs/*.md; everything else is written by hand.

A table made from the protocol's schema, the workbook's layout or the registry of checks stands between
``<!-- made: name -->`` and ``<!-- end -->``; what takes long is in `SLOW`. What the code of docs/python.md prints
stands in a block of ``text`` below each block of ``python``; the blocks are run from top to bottom, like a notebook.
"""

import ast
import contextlib
import io
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from metaan.design import described
from metaan.design.conditions import CONDITIONS
from metaan.design.tool import Tool, known_tools, tool
from metaan.files import write_atomically
from metaan.terms import resources
from metaan.terms.checks import CHECKS, LAYERS, Check
from metaan.terms.finding import NAMES
from metaan.terms.wording import listed, sentence
from metaan.workbook.forms import FORMS
from metaan.workbook.layout import layout
from metaan.workbook.sheets import SHEETS_REQUIRED

TESTS = Path(__file__).parents[1] / "tests"
BLOCK = re.compile(r"(<!-- made: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

Schema = Mapping[str, Any]


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = (heads, tuple("---" for _ in heads), *rows)
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def _code(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Follow a reference; a description beside it comes before the one it leads to."""
    if "$ref" not in schema:
        return schema
    return {**root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], **schema}


def _value(schema: Schema, root: Schema) -> str:
    """Return what may stand after a key, in words."""
    schema = _resolved(schema, root)
    if "enum" in schema:
        return f"one of {_code(schema['enum'])}"
    if "oneOf" in schema:
        return ", or ".join(_value(one, root) for one in schema["oneOf"])
    kind = schema["type"]
    if kind == "array":
        return f"list: {_value(schema['items'], root)}"
    if kind == "object":
        if "properties" in schema:
            return "keys below"
        if "additionalProperties" not in schema:
            return "keys of its own"
        names = schema.get("propertyNames", {}).get("enum")
        return f"{_code(names) if names else 'any names'}, each with {_value(schema['additionalProperties'], root)}"
    if kind == "number":
        low, high = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        bounds = [f"above {low}"] * (low is not None) + [f"below {high}"] * (high is not None)
        return " ".join(["number", " and ".join(bounds)]).strip()
    return "text"


def _inner(schema: Schema, root: Schema) -> Schema | None:
    """Return the object with keys of its own that a value is or lists, if it does."""
    schema = _resolved(schema, root)
    if "oneOf" in schema:
        return next((found for one in schema["oneOf"] if (found := _inner(one, root))), None)
    if schema.get("type") == "array":
        return _inner(schema["items"], root)
    return schema if "properties" in schema else None


def protocol_sections(root: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield every object of the schema that has keys, once, under the path of the first place it stands in."""
    seen: list[Any] = []
    waiting: list[tuple[str, Schema]] = [("", root)]
    while waiting:
        path, schema = waiting.pop(0)
        if schema["properties"] in seen:
            continue
        seen.append(schema["properties"])
        yield path, schema
        for key, part in schema["properties"].items():
            inner = _inner(part, root)
            if inner is not None:
                waiting.append((f"{path} > {key}" if path else key, inner))


def protocol_keys() -> str:
    """Return a table of keys for each object of the protocol."""
    root = resources.schema("protocol")
    parts = []
    for path, schema in protocol_sections(root):
        rows = [
            (
                f"`{key}`",
                "yes" if key in schema.get("required", ()) else "",
                _value(part, root),
                _resolved(part, root).get("description", ""),
            )
            for key, part in schema["properties"].items()
        ]
        head = f"### Under `{path}`" if path else "### At the top"
        parts.append(f"{head}\n\n{_table(('key', 'required', 'value', 'meaning'), rows)}")
    return "\n".join(parts)


def sheets() -> str:
    """Return a table of the sheets people fill in, for a review without topic lists."""
    rows = [
        (
            sheet.name,
            "yes" if sheet.name in SHEETS_REQUIRED else "",
            sheet.meaning,
            f"`{sheet.key}`" if sheet.key else "",
        )
        for sheet in layout({}, {}).sheets
    ]
    return _table(("sheet", "required", "holds", "key"), rows)


def forms() -> str:
    """Return a table of the forms a paper can report a comparison in."""
    rows = []
    for form in FORMS.values():
        needed = [_code(form.required)] if form.required else []
        needed += [" or ".join(f"({_code(group)})" for group in form.one_of)] if form.one_of else []
        rows.append((f"`{form.name}`", form.meaning, ", and ".join(needed), "yes" if form.computable else "no"))
    return _table(("form", "what the paper prints", "cells to fill", "can be pooled"), rows)


def functions() -> str:
    """Return a table of the public functions with the first sentence of their docstrings."""
    import metaan

    rows = []
    for name in sorted(set(metaan.__all__) - {"Pooled", "__version__"}):
        text = re.sub(r" \[\d+\]_", "", (getattr(metaan, name).__doc__ or "").strip().splitlines()[0])
        rows.append((f"`{name}`", text.rstrip(".").replace("|", "\\|")))
    return _table(("function", "does"), rows)


def measures() -> str:
    """Return a table of the effect sizes and the columns each is made from."""
    from metaan.effects.sizes import recipes
    from metaan.terms.measures import MEASURES

    rows = []
    for name, recipe in recipes().items():
        columns = "; ".join(_code(one.roles) for one in recipe.inputs)
        label = MEASURES[name].label if name in MEASURES else ""
        rows.append((f"`{name}`", label, columns, _code(recipe.options)))
    return _table(("measure", "is", "from the columns", "options"), rows)


def _levels(check: Check) -> str:
    return listed([NAMES[level][0] for level in check.levels], "or")


def checks() -> str:
    """Return every check by layer: a table to look over, then what each tests."""
    parts = []
    for layer, name in LAYERS.items():
        found = [check for check in CHECKS.values() if check.layer == layer]
        if not found:
            continue
        rows = [(f"[{check.id}](#{check.id.lower()})", _levels(check), check.title) for check in found]
        parts.append(f"## {name[0].upper()}{name[1:]}\n\n{_table(('check', 'level', 'finds'), rows)}")
        parts += map(_entry, found)
    return "\n".join(parts)


def _entry(check: Check) -> str:
    said = [f"**{check.title}** ({_levels(check)}). {check.test.rstrip('.')}."]
    said += [f"Allows for: {check.spares}."] if check.spares else []
    said += [f"Source: {check.source}."] if check.source else []
    return f"### {check.id}\n\n" + "\n".join(_wrapped(line) for line in said)


def _wrapped(text: str) -> str:
    """Return a paragraph in lines of the width of the pages."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def zoo() -> str:
    """Return a table of the seeded errors: how many of each check, caught where, and what the clean twins raised."""
    sys.path[:0] = [str(TESTS), str(TESTS / "zoo")]
    import zoo as cases

    with tempfile.TemporaryDirectory() as folder:
        outcomes = cases.run_all(Path(folder))
    rows = []
    for check in CHECKS.values():
        found = [outcome for outcome in outcomes if outcome.case.id == check.id]
        if found:
            caught = sum(outcome.caught for outcome in found)
            rows.append((f"[{check.id}](#{check.id.lower()})", len(found), caught, sum(len(o.alarms) for o in found)))
    total = ("all", *(sum(row[i] for row in rows) for i in (1, 2, 3)))
    heads = ("check", "errors seeded", "caught at the very cell", "false alarms on the clean twin")
    return _table(heads, [tuple(map(str, row)) for row in (*rows, total)])


def _made_tools() -> list[Tool]:
    return [tool(name) for name in known_tools()]


def tools() -> str:
    """Return a table of the quality tools."""
    rows = [
        (
            f"[{found.name}](#{found.id})",
            f"`{found.id}`",
            found.made_for + " (draft)" * found.draft,
            str(sum(len(domain.items) for domain in found.domains)),
            "; ".join(judgement.label.lower() for judgement in found.judgements.values()),
            f"{found.source}. {sentence(found.licence)}",
        )
        for found in _made_tools()
    ]
    return _table(("tool", "id", "made for", "questions", "judgements", "source, and whose words stand here"), rows)


def tool_rules() -> str:
    """Return the questions of each quality tool, what is proposed to each, and its rules."""
    return "\n".join(map(_tool, _made_tools()))


def _tool(found: Tool) -> str:
    head = f'<a id="{found.id}"></a>\n\n### {found.name}\n'
    said = [*map(_wrapped, described.remarks(found)), described.questions(found), "Rules\n", described.rules(found)]
    return "\n".join((head, *said))


def conditions() -> str:
    """Return a table of the conditions that propose answers."""
    rows = [(f"`{one.key}`", one.label, _code(one.facts)) for group in CONDITIONS.values() for one in group]
    return _table(("condition", "holds if", "from the facts"), rows)


TABLES = {
    "checks": checks,
    "zoo": zoo,
    "protocol-keys": protocol_keys,
    "sheets": sheets,
    "forms": forms,
    "functions": functions,
    "measures": measures,
    "tools": tools,
    "tool-rules": tool_rules,
    "conditions": conditions,
}


SLOW = {"zoo"}  #: takes a minute: made by `make docs` alone

CODE = re.compile(r"```python\n(.*?)```\n(\n```text\n.*?```\n)?", re.DOTALL)


def _run(code: str, names: dict[str, Any]) -> str:
    """Run a block and return what it prints, with the value of a last expression as a notebook shows it."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "docs/python.md", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "docs/python.md", "eval"), names)
            if value is not None:
                print(value)
    return "\n".join(line.rstrip() for line in printed.getvalue().rstrip().split("\n"))


def executed(text: str) -> str:
    """Return a page with the output of its code made anew."""
    names: dict[str, Any] = {}

    def block(found: re.Match[str]) -> str:
        said = _run(found[1], names)
        return f"```python\n{found[1]}```\n" + (f"\n```text\n{said}\n```\n" if said else "")

    return CODE.sub(block, text)


def refreshed(text: str, name: str = "", *, slow: bool = False) -> str:
    """Return a page with everything made on it made anew; what takes long only if `slow`."""

    def made(block: re.Match[str]) -> str:
        return block[0] if block[2] in SLOW and not slow else f"{block[1]}\n{TABLES[block[2]]()}\n{block[3]}"

    text = BLOCK.sub(made, text)
    return executed(text) if name == "python.md" else text


if __name__ == "__main__":
    for page in sorted(Path(__file__).parent.glob("*.md")):
        write_atomically(page, refreshed(page.read_text(encoding="utf-8"), page.name, slow=True))
