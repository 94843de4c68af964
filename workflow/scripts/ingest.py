"""Workbook and protocol to the cells and findings every later stage reads."""

from pathlib import Path

from metaan import plan
from metaan.files import write_atomically
from metaan.report import check_page, checked
from stage import write_json, write_table


def ingest(folder: str, *, extraction: str, protocol: str, cells: str, findings: str, data: str, page: str) -> None:
    """Read, check and store one review.

    Raises
    ------
    BadInput
        The workbook changed after the run was planned and can no longer be used.
    """
    loaded = plan.load(plan.Review(Path(folder)))
    valid, read = loaded.usable()
    write_json(extraction, {**read.to_dict(), "findings": []})
    write_json(protocol, valid.raw)
    write_table(
        cells,
        ("sheet", "row", "cell", "column", "text"),
        (
            {"sheet": sheet, "row": row.number, "cell": row.cell(column), "column": column, "text": text}
            for sheet, rows in read.rows.items()
            for row in rows
            for column, text in row.values.items()
        ),
    )
    found = loaded.checked()
    write_atomically(findings, checked.table(found))
    write_json(data, checked.plain(found))
    write_atomically(page, check_page.render(found))


if __name__ == "__main__":
    ingest(str(Path(snakemake.input.workbook).parent), **dict(snakemake.output.items()))  # noqa: F821
