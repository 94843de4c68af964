"""A quality tool applied to typed answers and recorded facts, without a workbook."""

from metaan.design.appraise import Facts, appraise
from metaan.design.grade import grade_all
from metaan.design.tool import tool
from metaan.workbook.read import Row, read_workbook
from small_review import write

STARS = ("nos-case-control", "nos-cohort")
LISTS = ("jbi-case-control", "jbi-cohort", "clarity-case-control", "quips", "quadas-2", "ohat")
TOOLS = (*STARS, *LISTS, "cosmin-reliability", "trust")
QUALITY = {
    name: letter for letter, name in zip("ABCDEFG", ("tool", "domain", "item", "answer", "judgement"), strict=False)
}


def sheet_row(sheet="Design", **values):
    return Row("book.xlsx", sheet, 7, values, dict.fromkeys(values, "B"))


def facts(conditions=None, study=None, report=None, **design):
    row = sheet_row(**{"design_id": "D", "study_id": "S", **design})
    return Facts(
        design=row,
        study=sheet_row("Studies", **study) if study else None,
        report=sheet_row("Reports", **report) if report else None,
        conditions=conditions or {},
    )


def answered(name, answers, known=None, of=None, judged=None):
    """Apply a tool to typed answers (question -> answer) and typed judgements (domain -> judgement)."""
    chosen = tool(name)
    domains = {item.key: domain.key for domain in chosen.domains for item in domain.items}
    typed = [
        Row("book.xlsx", "Quality", i, {"tool": name, "domain": domains[key], "item": key, "answer": answer}, QUALITY)
        for i, (key, answer) in enumerate(answers.items(), 2)
    ]
    typed += [
        Row("book.xlsx", "Quality", i, {"tool": name, "domain": key, "judgement": judgement}, QUALITY)
        for i, (key, judgement) in enumerate((judged or {}).items(), 500)
    ]
    return appraise(chosen, typed, known or facts(), protocol=of)


def by_item(found):
    return {answer.item: answer for domain in found.domains for answer in domain.answers}


def by_domain(found):
    return {domain.key: domain for domain in found.domains}


def graded(folder, sheets, of):
    path = write(folder, sheets, of)
    return {grade.design_id: grade for grade in grade_all(read_workbook(path, of.layout), of)}
