"""A slice of benchmarks/damage.py: whatever was done to a workbook ends with a message or with findings."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "damage.py"
spec = importlib.util.spec_from_file_location("benchmarks_damage", PATH)
damage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(damage)


@pytest.mark.parametrize("first", range(100_000, 100_150, 10))
def test_a_damaged_workbook_ends_with_a_message_or_with_findings(first, tmp_path):
    for seed in range(first, first + 10):
        _, data = damage.damage(seed)
        assert damage.outcome(data, tmp_path) in ("message", "findings", "clean"), seed


def test_the_same_seed_does_the_same_damage_and_every_kind_is_tried():
    made = {seed: damage.damage(seed) for seed in range(40)}
    assert {kind for kind, _ in made.values()} == set(damage.KINDS)
    assert damage.damage(7) == made[7]
    assert sum(data != damage.base() for _, data in made.values()) == len(made)
