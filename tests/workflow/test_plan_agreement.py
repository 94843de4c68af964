"""agreement.json beside a workbook: only the report depends on it, and nothing is opened again for nothing."""

import json

import small_review
from metaan import plan

RECORD = {
    "extractors": ["JD", "AB"],
    "rows": "",
    "missed": {},
    "differences": {},
    "to_decide": 0,
    "settled": None,
    "left_out": 0,
    "agreement": {"overall": None, "groups": [], "columns": []},
}


def test_only_the_report_is_made_again(tmp_path):
    folder = small_review.write(tmp_path / "data" / "tea").parent
    (before,) = plan.plan([plan.Review(folder)], tmp_path / "cache")
    (folder / "agreement.json").write_text(json.dumps(RECORD), encoding="utf-8")
    (after,) = plan.plan([plan.Review(folder)], tmp_path / "cache")
    assert {stage for stage in before.digests if before.digests[stage] != after.digests[stage]} == {"report"}
    (folder / "agreement.json").write_text("no JSON", encoding="utf-8")
    (refused,) = plan.plan([plan.Review(folder)], tmp_path / "cache")
    assert "agreement.json" in refused.message
    (folder / "agreement.json").unlink()
    (again,) = plan.plan([plan.Review(folder)], tmp_path / "cache")
    assert again.digests == before.digests
