"""What metaan compare prints: who missed what, and how far two people agree."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from metaan.checks.extractors import Agreed, Agreement
    from metaan.workbook.extractors.align import Alignment
    from metaan.workbook.extractors.sheet import Discrepancy


def show(
    alignment: "Alignment", extractors: Sequence[str], table: "Agreement", quality: Sequence[Mapping[str, Any]]
) -> None:
    """Print who missed what, and how far the two agree."""
    from metaan.terms.wording import count
    from metaan.workbook.extractors.split import EXTRACTED

    click.echo(f"\nA = {extractors[0]}, B = {extractors[1]}; rows are matched by what they mean")
    if extractors[0] == extractors[1]:
        click.echo(f"both workbooks name {extractors[0]} as extractor: correct it on the sheet Review")
    for name in EXTRACTED:
        aligned = alignment.sheets[name]
        if aligned.pairs or aligned.only_a or aligned.only_b:
            alone = f"{len(aligned.only_a)} only in A, {len(aligned.only_b)} only in B"
            click.echo(f"  {name:12}{count(len(aligned.pairs), 'row')} in both, {alone}")
    if table.overall:
        click.echo(f"\n{'answers':26}{'n':>5}  {'agree':>6}  {'95 % interval':>15}  {'kappa':>6}  {'AC1':>6}")
        for each in (*table.groups, table.overall):
            click.echo(_line(each))
        click.echo("kappa and AC1: words only, pooled over questions; a blank, NR and NA count as answers of their own")
        click.echo("where they are not given there are fewer than ten such answers, or both always chose one word")
    _show_quality(quality)


def show_differences(found: Sequence["Discrepancy"]) -> None:
    """Print how many differences there are, and how many of them people must decide."""
    from metaan.terms.wording import count
    from metaan.workbook.extractors.consensus import needs_decision

    counts = [f"{sum(each.priority == level for each in found)} of priority {level}" for level in (1, 2, 3)]
    to_decide = sum(needs_decision(each) for each in found)
    click.echo(f"\n{count(len(found), 'difference')}: {', '.join(counts)}; {to_decide} to be decided")


def _line(each: "Agreed") -> str:
    from metaan.checks.extractors import share
    from metaan.terms.wording import fixed

    name = f"{each.sheet}, {each.name}" if each.sheet else "all"
    low, high = (fixed(100 * limit, 0) for limit in each.interval)
    said = [fixed(c.value, 2) if c is not None and c.defined else "" for c in (each.kappa, each.ac1)]
    figures = "".join(f"  {text:>6}" for text in said)
    return f"{name:26}{each.n:>5}  {share(each.agree, each.n):>6}  {f'{low} to {high}':>15}{figures}".rstrip()


def _show_quality(found: Sequence[Mapping[str, Any]]) -> None:
    """Print how far the two agree on quality tools, domain by domain."""
    if not found:
        return
    heads = f"{'n':>5}  {'agree':>6}  {'95 % interval':>15}  {'kappa (95 %)':>20}  {'AC1 (95 %)':>20}"
    names = [f"{each['tool']}: {each['label']}" for each in found]
    width = max(map(len, names)) + 1
    click.echo(f"\n{'quality tools':{width}}{heads}")
    for name, each in zip(names, found, strict=True):
        click.echo(_quality_line(name, each["judgements"], width))
        if each.get("answers", {}).get("n"):
            click.echo(_quality_line("  its questions", each["answers"], width))
    click.echo("n: judgements, or answers, that both gave; judgements by the rules of the tool where none was typed")


def _quality_line(name: str, said: Mapping[str, Any], width: int) -> str:
    from metaan.checks.extractors import coefficient, limits, share

    agree = share(said["agree"], said["n"]) if said["n"] else ""
    figures = "".join(f"  {coefficient(said.get(which)):>20}" for which in ("kappa", "ac1"))
    return f"{name:{width}}{said['n']:>5}  {agree:>6}  {limits(said):>15}{figures}".rstrip()
