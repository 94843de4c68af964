"""A table of many reviews is pooled review by review."""

import numpy as np
import pytest

from metaan.pooling.groups import one_by_one, pool_groups
from metaan.pooling.pool import pool


def table(seed=20260101):
    random = np.random.default_rng(seed)
    by = [f"review {i}" for i, size in enumerate(random.integers(1, 7, 40)) for _ in range(size)]
    random.shuffle(by)
    v = random.uniform(0.02, 0.5, len(by))
    return random.normal(0.2, np.sqrt(v + 0.1)), v, by


@pytest.mark.parametrize("tau2", ["REML", "EE"])
def test_each_group_is_what_it_would_be_alone(tau2):
    y, v, by = table()
    found = pool_groups(y, v, by, tau2=tau2)
    assert list(found) == list(dict.fromkeys(by))
    for group, pooled in found.items():
        places = [i for i, name in enumerate(by) if name == group]
        alone, ours = pool(y[places], v[places], tau2=tau2).to_dict(), pooled.to_dict()
        assert ours.keys() == alone.keys()
        for name, value in alone.items():
            if isinstance(value, dict) and name != "method":
                assert ours[name] == pytest.approx(value, rel=1e-12), (group, name)
            elif isinstance(value, (list, float)):
                assert ours[name] == pytest.approx(value, rel=1e-12, abs=1e-15), (group, name)
            else:
                assert ours[name] == value, (group, name)


def test_a_bad_row_is_named_by_its_place_in_the_table():
    y, v, by = table()
    v[17] = -1.0
    with pytest.raises(ValueError, match="position 17"):
        pool_groups(y, v, by)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="as many"):
        pool_groups([0.1, 0.2], [1.0, 1.0], ["a"])


def test_two_batch_axes_are_flattened():
    y, v, _ = table()
    batch = pool(y[:24].reshape(2, 3, 4), v[:24].reshape(2, 3, 4))
    assert [each.estimate for each in one_by_one(batch)] == np.ravel(batch.estimate).tolist()
