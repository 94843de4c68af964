import json
import subprocess
import sys

import pytest

from metaan.files import AlreadyRunning, digest, hold_lock, to_json, write_atomically


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    write_atomically(path, "old")
    with pytest.raises(TypeError):
        write_atomically(path, None)
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": [2, 3]}) == digest({"b": [2, 3], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert len(digest("x", 64)) == 64


def test_json_refuses_what_json_cannot_hold():
    with pytest.raises(ValueError):
        to_json({"x": float("nan")})


def test_the_lock_dies_with_its_process(tmp_path):
    path = tmp_path / "lock"
    code = f"from metaan.files import hold_lock; hold_lock({str(path)!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match="nothing needs to be unlocked"):
            hold_lock(path)
        holder.kill()
    hold_lock(path)


@pytest.mark.parametrize(
    "data", [{}, [], {"a": [], "b": [1, {"c": [2]}], "ü": {"d": None}}, [1.5, "x\ny"], "text", None, {"k": ()}]
)
def test_json_goes_both_ways(data):
    assert json.loads(to_json(data)) == json.loads(json.dumps(data))


def test_items_of_json_stand_on_lines_of_their_own():
    assert to_json({"a": [{"b": 1}, {"b": 2}], "c": "d"}) == '{\n"a": [\n{"b": 1},\n{"b": 2}\n],\n"c": "d"\n}\n'
