"""A report as one HTML file that needs no network and no other file."""

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from typing import Any

from metaan.report.content import Block, Details, Report, Run, Section, Table, TableRow, Text
from metaan.terms import resources
from metaan.terms.designs import GRADE_COLOURS, STRATA

_FOLDER = "report/templates"
_DARK_LETTER = frozenset("BC")  #: grades whose colour takes dark letters
_PROLOGUE = re.compile(r"\A\s*(<\?xml[^>]*\?>\s*)?(<!DOCTYPE[^>]*>\s*)?(<!--.*?-->\s*)*", re.DOTALL)
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})
_TOGETHER = re.compile(r"(?<=\d) (?=%)|(?<=\bn) (?=\d)")  #: "95 %", "n 20"
_TITLED = re.compile(r'<(?P<open>span class="[^"]*"|i) title="(?P<title>[^"]+)">(?P<words>.*?)</(?P<close>span|i)>')
_ACTIVE = re.compile(r"<\s*script|<\s*foreignObject|\son\w+\s*=|javascript:", re.IGNORECASE)

#: drawn in a 10 x 10 box, the shapes of the figures
_SHAPES = {
    "o": '<circle cx="5" cy="5" r="4"/>',
    "s": '<rect x="1.3" y="1.3" width="7.4" height="7.4"/>',
    "D": '<path d="M5 .3 9.7 5 5 9.7 .3 5Z"/>',
    "^": '<path d="M5 .8 9.6 9.2H.4Z"/>',
    "P": '<path d="M3.4.5h3.2v2.9h2.9v3.2H6.6v2.9H3.4V6.6H.5V3.4h2.9Z"/>',
}


def render(report: Report) -> str:
    """Return the whole page; same report, same bytes."""
    return titles_once(
        template("page.html").render(
            report=report,
            title=report.title,
            **dressed(blocks=report.sections),
            marks=_marks(),
            contents=_contents(report.sections),
        )
    )


def render_page(report: Report) -> str:
    """Return the page beside the report that asks how far the weaker designs can be believed."""
    page = report.page
    return titles_once(
        template("believed.html").render(
            report=report,
            page=page,
            title=f"{page.title} {report.title}",
            **dressed("believed.css", blocks=page.sections),
            marks=_marks(),
        )
    )


def titles_once(page: str) -> str:
    """Return a page in which what is said on hover of words that come often stands where they come first.

    The script gives it to the others, which carry an empty title; words with more than one title keep them all.
    """
    said_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for match in _TITLED.finditer(page):
        said_of[match["open"], match["words"]].add(match["title"])
    first = {key for key, titles in said_of.items() if len(titles) == 1}

    def shortened(match: re.Match[str]) -> str:
        key = match["open"], match["words"]
        if len(said_of[key]) > 1 or key in first:
            first.discard(key)
            return match[0]
        return f"<{match['open']} title>{match['words']}</{match['close']}>"

    return _TITLED.sub(shortened, page)


def policy(script: str) -> str:
    """Return the content security policy: nothing from anywhere, and this one script."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


@cache
def template(name: str) -> Any:
    """Return a page's template, with the filters that write text, marks and figures."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda asked: resources.text(_FOLDER, asked)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["picture"] = picture
    environment.filters["groupby_run"] = _runs
    environment.filters["mark"] = mark
    environment.filters["said"] = said
    return environment.get_template(name)


def dressed(*names: str, blocks: Iterable[Block] = ()) -> dict[str, Any]:
    """Return style, script and content policy of a page that uses these scripts and styles, with the report's.

    `blocks` are those of the page: on a small screen each cell of their stacked tables carries the head of its column.
    """
    style = "".join(resources.text(_FOLDER, name) for name in ("report.css", *names) if name.endswith(".css"))
    script = "".join(resources.text(_FOLDER, name) for name in ("report.js", *names) if name.endswith(".js"))
    style += _colours() + _column_heads(blocks)
    return {"style": markup(style), "script": markup(script), "policy": policy(script)}


def said(text: Text) -> Any:
    """Return runs of text as HTML, everything in them escaped."""
    return markup("".join(map(_run, text)))


def _run(run: Run) -> str:
    words = _escaped(_TOGETHER.sub("\N{NO-BREAK SPACE}", run.text))
    title = f' title="{_escaped(run.title)}"' if run.title else ""
    if run.kind == "grade":
        return f'<span class="grade g-{_escaped(run.key)}"{title}>{words}</span>'
    if run.kind == "stratum":
        return f'<span class="stratum"{title}>{mark(run.key)}{words}</span>'
    if run.kind == "symbol":  # said in words beside it
        return f'<span class="symbol" aria-hidden="true"{title}>{words}</span>'
    if run.kind == "mark":
        return f"<sup{title}>{words}</sup>"
    if run.href:
        return f'<a href="{_escaped(run.href)}"{title}>{words}</a>'
    if run.kind == "code":
        return f"<code{title}>{words}</code>"
    if run.kind == "strong":
        return f"<strong{title}>{words}</strong>"
    return f"<i{title}>{words}</i>" if run.kind == "muted" else words


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _runs(rows: Iterable[TableRow]) -> list[tuple[str, list[TableRow]]]:
    """Return neighbouring rows of one group together, without changing their order."""
    return [(group, list(found)) for group, found in groupby(rows, key=lambda row: row.group)]


def markup(text: str) -> Any:
    """Return text that is HTML already."""
    import markupsafe

    return markupsafe.Markup(text)


def picture(svg: str) -> Any:
    """Return an SVG as it stands in the page.

    Raises
    ------
    ValueError
        It could run something.
    """
    text = _PROLOGUE.sub("", svg, count=1)
    if not text.startswith("<svg") or _ACTIVE.search(text):
        raise ValueError("a figure that is no plain SVG drawing")
    return markup(text.strip())


@cache
def mark(stratum: str) -> Any:
    """Return the mark of a stratum, the same shape as in the figures; nothing for a name that is no stratum."""
    if stratum not in STRATA:
        return markup("")
    return markup(f'<svg class="mark s-{stratum}" aria-hidden="true"><use href="#mark-{stratum}"/></svg>')


def _marks() -> Any:
    """Return the shapes that `mark` uses, drawn once."""
    shapes = (
        f'<symbol id="mark-{name}" viewBox="0 0 10 10">{_SHAPES[stratum.marker]}</symbol>'
        for name, stratum in STRATA.items()
    )
    return markup(f'<svg class="marks" aria-hidden="true">{"".join(shapes)}</svg>')


def _colours() -> str:
    """Return the rules that colour strata and grades, from the same values as the figures."""
    rules = [f"svg.s-{name}{{fill:{stratum.colour}}}" for name, stratum in STRATA.items()]
    for letter, colour in GRADE_COLOURS.items():
        ink = "#14181d" if letter in _DARK_LETTER else "#ffffff"
        rules.append(f"span.g-{letter}{{background:{colour};color:{ink}}}")
    return "\n".join(rules) + "\n"


def _column_heads(blocks: Iterable[Block]) -> str:
    """Return the rules that give cells of stacked tables the head of their column: once a table, not once a cell."""
    rules = []
    for table in _tables(blocks):
        for number, head in enumerate(table.heads[1:], 2):
            words = head.text.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ")
            rules.append(f'[id="{table.id}"] td:nth-child({number}){{--head:"{words}"}}')
    return "\n".join(rules) + "\n" if rules else ""


def _tables(blocks: Iterable[Block]) -> Iterable[Table]:
    for block in blocks:
        if isinstance(block, Table) and block.stacked:
            yield block
        elif isinstance(block, (Section, Details)):
            yield from _tables(block.blocks)


def _contents(sections: tuple[Section, ...]) -> list[dict[str, Any]]:
    """Return the table of contents: sections, and under the results each analysis."""
    return [
        {
            "id": section.id,
            "title": section.title,
            "items": [
                {"id": block.id, "title": block.title}
                for block in section.blocks
                if section.id == "analyses" and isinstance(block, Section)
            ],
        }
        for section in sections
    ]
