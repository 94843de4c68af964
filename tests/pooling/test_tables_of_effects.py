"""Every function takes the table of `effect_sizes` in place of two arrays."""

import inspect

import numpy as np
import pytest

import metaan as ma

TRIALS = {  # dat.bcg, first ten trials
    "study": [f"trial {i}" for i in range(10)],
    "ai": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17],
    "n1i": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716],
    "ci": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65],
    "n2i": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665],
    "ablat": [44, 55, 42, 52, 13, 44, 19, 13, 27, 42],
    "alloc": list("rrrraarrrs"),
}
#: functions that take effects in another way, or a fit
OTHER = {
    "Pooled", "__version__", "effect_sizes", "pool_tables", "pool_rates", "pool_glmm", "pool_accuracy",
    "pool_multilevel", "robust", "cluster_robust", "pool_groups", "quality_effects", "accuracy_at", "bias_bound",
    "boundaries", "chance_to_settle", "confounded_share", "confounding_needed", "corrected_counts", "corrected_ratio",
    "e_values", "fit_cutoffs", "further_studies", "map_binomial", "map_prior", "multi_bias_e_value",
    "perfect_information", "required_information", "sample_information", "share_beyond",
}  # fmt: skip
MORE = {
    "meta_regression": {"formula": "ablat"},
    "location_scale": {"location": "ablat", "scale": "1"},
    "subgroups": {"by": "alloc"},
    "permutation_test": {"formula": "ablat", "draws": 50, "exact": False},
    "small_study_test": {"kind": "egger"},
    "cumulative": {"order": TRIALS["ablat"]},
    "bootstrap": {"samples": 50},
    "between_designs": {"weaker": [letter == "s" or i % 2 == 0 for i, letter in enumerate(TRIALS["alloc"])]},
    "discounted": {"trust": 0.4},
    "without_design_bias": {"bias": 0.1, "bias_se": 0.05},
    "summarise": {},
}


def effects():
    return ma.effect_sizes(TRIALS, measure="RR")


@pytest.mark.parametrize("name", sorted(set(ma.__all__) - OTHER))
def test_a_table_gives_what_its_columns_give(name):
    function, table = getattr(ma, name), effects()
    options = dict(MORE.get(name, {}))
    assert list(inspect.signature(function).parameters)[:2] == ["yi", "vi"]
    from_table = function(table, **options)
    if "labels" in inspect.signature(function).parameters:
        options["labels"] = TRIALS["study"]
    if name in ("meta_regression", "location_scale", "permutation_test"):
        options["moderators"] = table
    if name == "subgroups":
        options["by"] = TRIALS["alloc"]
    from_arrays = function(table.yi.to_numpy(), table.vi.to_numpy(), **options)
    if isinstance(from_table, dict):
        for key, value in from_table.items():
            np.testing.assert_array_equal(value, from_arrays[key])
    elif isinstance(from_table, tuple):
        assert repr(from_table) == repr(from_arrays)
        assert from_table
    else:
        assert from_table.to_dict() == from_arrays.to_dict()


def test_a_regression_needs_moderators_or_a_formula_and_a_table():
    table = effects()
    with pytest.raises(ValueError, match="give the moderators"):
        ma.meta_regression(table)
    with pytest.raises(ValueError, match="give the moderators"):
        ma.meta_regression(table.yi.to_numpy(), table.vi.to_numpy(), formula="ablat")
    with pytest.raises(ValueError, match="no column 'allocation'"):
        ma.subgroups(table, by="allocation")
    with pytest.raises(ValueError, match="by must give the group"):
        ma.subgroups(table)
