"""Facts of every comparison to its stratum, grade and reason."""

from metaan.design.grade import grade_all
from stage import read_extraction, read_protocol, run, write_json, write_table

COLUMNS = ("design_id", "study_id", "stratum", "grade", "best", "reason", "flags", "author_label", "override")


def grade(review: str, *, extraction: str, protocol: str, records: str, table: str) -> None:
    """Grade one review."""
    read = read_extraction(extraction)
    grades = [g.only_answered().to_dict() for g in grade_all(read, read_protocol(protocol, review))]
    write_json(records, grades)
    write_table(table, COLUMNS, ({**g, "flags": "; ".join(g["flags"])} for g in grades))


if __name__ == "__main__":
    run(snakemake, grade)  # noqa: F821
