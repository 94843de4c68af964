from pathlib import Path

import pytest

import small_review
from metaan import run


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_review.write(tmp_path / "data" / "tea")
    return tmp_path


def prepared(config=None, *arguments):
    return run.prepare(config or {}, main=True, argv=["snakemake", "-n", *arguments])


def test_every_file_a_user_may_open_is_wanted(project):
    wanted = prepared().targets()
    assert "results/tea/report/report.html" in wanted
    assert {path.rsplit("/", 1)[1] for path in wanted if "/checks/" in path} == {
        *("findings.csv", "findings.json", "check.html"),
    }
    assert {path.rsplit("/", 1)[1] for path in wanted if "/figures/tea-headache/" in path} == {
        *("forest.svg", "forest-narrow.svg", "forest.pdf", "forest.png"),
        *("quality.svg", "quality.pdf", "quality.png"),
    }
    assert {Path(path).name for path in wanted if Path(path).parent == Path("results/tea/figures")} == {
        f"{name}{kind}"
        for name in ("schematic", "grades", "reliability")
        for kind in (".svg", "-narrow.svg", ".pdf", ".png")
    }
    assert {"results/tea/design/author-queries.csv", "results/tea/certainty/tea-headache/steps.csv"} < set(wanted)
    assert not any(path.endswith(".pdf") for path in prepared({"formats": ["svg", "png"]}).targets())


def test_a_digest_file_changes_only_with_its_digest(project):
    prepared()
    path = project / ".snakemake/metaan/tea/pool-tea-headache"
    before = path.stat().st_mtime_ns, path.read_bytes()
    prepared()
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    sheets = small_review.rows()
    sheets["Effects"][0]["a_high_event"] = "13"
    small_review.write(project / "data" / "tea", sheets)
    prepared()
    assert path.read_bytes() != before[1]


def test_what_is_settled_is_not_dragged_along(project):
    planned = prepared()
    path = "results/{review}/workbook/extraction.json"

    def flagged(found):
        return bool(getattr(found, "flags", {}).get("ancient"))

    names = {"review": "tea", "analysis": "tea-headache"}
    assert not flagged(planned.input(path, "pool", **names))
    done = project / planned.done("pool").format(**names)
    done.parent.mkdir(parents=True)
    done.write_bytes((project / planned.asked("pool").format(**names)).read_bytes())
    assert flagged(planned.input(path, "pool", **names))
    assert not flagged(planned.input(path, "draw", **names))
    assert len(planned.inputs("results/{review}/pooling/{analysis}/result.json", "report", review="tea")) == 2


def test_a_refused_review_wants_nothing_but_its_refusal(project):
    (project / "data/tea/extraction.xlsx").write_bytes(b"")
    planned = prepared()
    assert planned.targets() == ["results/tea/checks/refused"]
    assert "an empty file" in planned.message("tea")
    assert planned.closing_words() == planned.message("tea")
    kept = project / "results/tea/report/report.html"
    kept.parent.mkdir(parents=True)
    kept.write_text("")
    assert planned.closing_words().endswith("Kept, from the last good run: results/tea/report/report.html")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"review": ["tea"]}, "unknown key 'review'"),
        ({"reviews": "tea"}, "a list of folder names"),
        ({"reviews": ["coffee"]}, 'a review "coffee"'),
        ({"formats": ["jpg"]}, "a list of svg, pdf, png"),
        ({"cores": 0}, "a whole number of at least 1"),
    ],
)
def test_a_wrong_config_ends_with_a_message(project, capsys, config, words):
    with pytest.raises(SystemExit) as ended:
        prepared(config)
    assert ended.value.code == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "looks"), [("-n", True), ("-nq", True), ("--dry-run", True), ("-j2", False), ("all", False)]
)
def test_only_a_run_that_writes_takes_the_lock(word, looks):
    assert run._only_looks(["snakemake", word]) is looks
