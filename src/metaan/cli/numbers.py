"""Commands on numbers: effects of a table, pooled effects, and the versions they rest on."""

import json
import math
import warnings
from pathlib import Path

import click

from metaan.cli.shared import columns, fault, guarded, numbers

#: options of `metaan pool`, as `pooling` names them (a test compares): listed here, so that help needs no import
TAU2 = ("REML", "ML", "EB", "PM", "PMM", "DL", "DLIT", "HE", "HS", "HSk", "SJ", "SJIT", "EE", "FE")
INTERVALS = ("mKH", "HK", "HK-ci", "HK-IQWiG6", "KR", "Wald", "t")
PREDICTIONS = ("same", "V", "HTS", "normal", "own", "riley", "simple", "HK", "HK-PR", "KR", "KR-PR", "S")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yi", default="yi", show_default=True, help="Column of effects on the working scale.")
@click.option("--vi", default="vi", show_default=True, help="Column of sampling variances.")
@click.option("--by", help="Column of groups; one synthesis each.")
@click.option("--tau2", default="REML", show_default=True, type=click.Choice(TAU2))
@click.option("--interval", default="mKH", show_default=True, type=click.Choice(INTERVALS))
@click.option("--prediction", default="same", show_default=True, type=click.Choice(PREDICTIONS))
@click.option("--level", default=0.95, show_default=True, type=click.FloatRange(0.5, 1, min_open=True, max_open=True))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@guarded
def pool(
    file: Path, yi: str, vi: str, by: str | None, tau2: str, interval: str, prediction: str, level: float, as_json: bool
) -> None:
    """Pool the effects in a CSV file, one synthesis a group."""
    from metaan.pooling.groups import pool_groups
    from metaan.terms import wording

    table = columns(file)
    y, v = numbers(file, table, yi), numbers(file, table, vi)
    for line, (effect, variance) in enumerate(zip(y, v, strict=True), 2):
        if not (math.isfinite(effect) and math.isfinite(variance) and variance > 0):
            found = f"{yi} {effect}, {vi} {variance}"
            raise fault(file, f"line {line}", found, "a finite effect and a variance above 0", "correct the row")
    if by is not None and by not in table:
        raise fault(file, "header", f'no column "{by}"', "one of " + ", ".join(table), "name another column")
    labels = table[by] if by else [""] * len(y)
    results = pool_groups(y, v, labels, tau2=tau2, interval=interval, prediction=prediction, level=level)
    if as_json:
        each = [{"group": group, **pooled.to_dict()} for group, pooled in results.items()]
        click.echo(json.dumps(each if by else each[0], indent=1))
        return
    for group, pooled in results.items():
        head = f"{group}: " if by else ""
        click.echo(
            f"{head}{wording.fixed(pooled.estimate, 4)} "
            f"({wording.fixed(pooled.ci.low, 4)} to {wording.fixed(pooled.ci.high, 4)}), "
            f"k = {pooled.k}, tau2 {wording.tau2(pooled.tau2)}"
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--measure", required=True, help="OR, RR, RD, MD, SMD, IRR, ZCOR, PLO, ...; all of them in docs/python.md."
)
@guarded
def effects(file: Path, measure: str) -> None:
    """Add yi and vi to a CSV file with metafor's column names (ai bi ci di, m1i sd1i n1i, ...) and print it."""
    import pandas

    from metaan.effects.sizes import effect_sizes, recipes

    given = columns(file)
    inputs = recipes()[measure].inputs if measure in recipes() else ()
    numeric = {role for one in inputs for role in (*one.roles, *one.optional)}
    table = pandas.DataFrame(
        {name: numbers(file, given, name) if name in numeric else values for name, values in given.items()}
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            result = effect_sizes(table, measure=measure)
        except ValueError as error:
            raise fault(file, "", str(error), f"columns for {measure}", "correct the columns") from None
    for warning in said:
        click.echo(str(warning.message), err=True)
    click.echo(result.to_csv(index=False, lineterminator="\n"), nl=False)


@click.command()
def version() -> None:
    """Print the version of metaan and of the libraries its numbers rest on."""
    from importlib import metadata

    for name in ("metaan", "numpy", "scipy", "openpyxl", "matplotlib", "snakemake"):
        click.echo(f"{name} {metadata.version(name)}")
