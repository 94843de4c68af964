"""Systematic reviews and meta-analysis from an extraction workbook; names below are loaded when first used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metaan.effects.sizes import effect_sizes
    from metaan.pooling.accuracy.bivariate import pool_accuracy
    from metaan.pooling.bayes.posterior import pool_bayes
    from metaan.pooling.fit_statistics import fit_statistics
    from metaan.pooling.glmm.mixed import pool_glmm
    from metaan.pooling.groups import pool_groups
    from metaan.pooling.heterogeneity import heterogeneity
    from metaan.pooling.multilevel.mixed import pool_multilevel
    from metaan.pooling.multilevel.robust import cluster_robust, robust
    from metaan.pooling.pool import pool, summarise
    from metaan.pooling.quality import ivhet, quality_effects
    from metaan.pooling.regression.location_scale import location_scale
    from metaan.pooling.regression.meta_regression import meta_regression
    from metaan.pooling.regression.subgroups import subgroups
    from metaan.pooling.tables.mantel_haenszel import pool_rates, pool_tables
    from metaan.robustness.between.bias import without_design_bias
    from metaan.robustness.between.boundaries import boundaries
    from metaan.robustness.between.bounds import bias_bound, multi_bias_e_value
    from metaan.robustness.between.ceilings import credibility_ceilings
    from metaan.robustness.between.cutoffs import accuracy_at, fit_cutoffs
    from metaan.robustness.between.discount import discounted
    from metaan.robustness.between.e_values import e_values
    from metaan.robustness.between.expected import chance_to_settle, perfect_information, sample_information
    from metaan.robustness.between.information import further_studies, required_information
    from metaan.robustness.between.ladder import between_designs
    from metaan.robustness.between.leave_u_out import all_subsets, leave_u_out
    from metaan.robustness.between.map_prior import map_binomial, map_prior
    from metaan.robustness.between.meaningful import share_beyond
    from metaan.robustness.between.misclassified import corrected_counts, corrected_ratio
    from metaan.robustness.between.needed import confounded_share, confounding_needed
    from metaan.robustness.between.specifications import multiverse
    from metaan.robustness.blup import blups
    from metaan.robustness.copas import copas
    from metaan.robustness.cumulative import cumulative
    from metaan.robustness.excess import excess_significance
    from metaan.robustness.fail_safe import fail_safe_n
    from metaan.robustness.henmi_copas import henmi_copas
    from metaan.robustness.influence import influence, leave_one_out, residuals
    from metaan.robustness.limit import limit_meta_analysis
    from metaan.robustness.permutation import permutation_test
    from metaan.robustness.pet_peese import pet_peese
    from metaan.robustness.plots import baujat, radial
    from metaan.robustness.rank import rank_test
    from metaan.robustness.selection import selection_model
    from metaan.robustness.small_study import small_study_test
    from metaan.robustness.subsets import bootstrap, subsets
    from metaan.robustness.trim_and_fill import trim_and_fill
    from metaan.terms.records import Pooled

    __version__: str

#: module -> public names that live in it
_NAMES = {
    "effects.sizes": ("effect_sizes",),
    "pooling.pool": ("pool", "summarise"),
    "pooling.groups": ("pool_groups",),
    "pooling.heterogeneity": ("heterogeneity",),
    "pooling.fit_statistics": ("fit_statistics",),
    "pooling.quality": ("ivhet", "quality_effects"),
    "pooling.tables.mantel_haenszel": ("pool_tables", "pool_rates"),
    "pooling.glmm.mixed": ("pool_glmm",),
    "pooling.regression.subgroups": ("subgroups",),
    "pooling.regression.meta_regression": ("meta_regression",),
    "pooling.regression.location_scale": ("location_scale",),
    "pooling.multilevel.mixed": ("pool_multilevel",),
    "pooling.multilevel.robust": ("robust", "cluster_robust"),
    "pooling.bayes.posterior": ("pool_bayes",),
    "pooling.accuracy.bivariate": ("pool_accuracy",),
    "robustness.influence": ("leave_one_out", "influence", "residuals"),
    "robustness.cumulative": ("cumulative",),
    "robustness.plots": ("baujat", "radial"),
    "robustness.subsets": ("subsets", "bootstrap"),
    "robustness.blup": ("blups",),
    "robustness.permutation": ("permutation_test",),
    "robustness.small_study": ("small_study_test",),
    "robustness.rank": ("rank_test",),
    "robustness.trim_and_fill": ("trim_and_fill",),
    "robustness.fail_safe": ("fail_safe_n",),
    "robustness.pet_peese": ("pet_peese",),
    "robustness.limit": ("limit_meta_analysis",),
    "robustness.selection": ("selection_model",),
    "robustness.copas": ("copas",),
    "robustness.excess": ("excess_significance",),
    "robustness.henmi_copas": ("henmi_copas",),
    "robustness.between.bias": ("without_design_bias",),
    "robustness.between.boundaries": ("boundaries",),
    "robustness.between.bounds": (
        "bias_bound",
        "multi_bias_e_value",
    ),
    "robustness.between.ceilings": ("credibility_ceilings",),
    "robustness.between.cutoffs": (
        "accuracy_at",
        "fit_cutoffs",
    ),
    "robustness.between.discount": ("discounted",),
    "robustness.between.e_values": ("e_values",),
    "robustness.between.expected": (
        "chance_to_settle",
        "perfect_information",
        "sample_information",
    ),
    "robustness.between.information": (
        "further_studies",
        "required_information",
    ),
    "robustness.between.ladder": ("between_designs",),
    "robustness.between.leave_u_out": (
        "all_subsets",
        "leave_u_out",
    ),
    "robustness.between.map_prior": (
        "map_binomial",
        "map_prior",
    ),
    "robustness.between.meaningful": ("share_beyond",),
    "robustness.between.misclassified": (
        "corrected_counts",
        "corrected_ratio",
    ),
    "robustness.between.needed": (
        "confounded_share",
        "confounding_needed",
    ),
    "robustness.between.specifications": ("multiverse",),
    "terms.records": ("Pooled",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "Pooled",
    "__version__",
    "accuracy_at",
    "all_subsets",
    "baujat",
    "between_designs",
    "bias_bound",
    "blups",
    "bootstrap",
    "boundaries",
    "chance_to_settle",
    "cluster_robust",
    "confounded_share",
    "confounding_needed",
    "copas",
    "corrected_counts",
    "corrected_ratio",
    "credibility_ceilings",
    "cumulative",
    "discounted",
    "e_values",
    "effect_sizes",
    "excess_significance",
    "fail_safe_n",
    "fit_cutoffs",
    "fit_statistics",
    "further_studies",
    "henmi_copas",
    "heterogeneity",
    "influence",
    "ivhet",
    "leave_one_out",
    "leave_u_out",
    "limit_meta_analysis",
    "location_scale",
    "map_binomial",
    "map_prior",
    "meta_regression",
    "multi_bias_e_value",
    "multiverse",
    "perfect_information",
    "permutation_test",
    "pet_peese",
    "pool",
    "pool_accuracy",
    "pool_bayes",
    "pool_glmm",
    "pool_groups",
    "pool_multilevel",
    "pool_rates",
    "pool_tables",
    "quality_effects",
    "radial",
    "rank_test",
    "required_information",
    "residuals",
    "robust",
    "sample_information",
    "selection_model",
    "share_beyond",
    "small_study_test",
    "subgroups",
    "subsets",
    "summarise",
    "trim_and_fill",
    "without_design_bias",
]


def __getattr__(name: str) -> Any:
    """Load a public name; ``import metaan`` alone costs nothing."""
    if name == "__version__":
        from importlib import metadata

        try:
            value: Any = metadata.version("metaan")
        except metadata.PackageNotFoundError:  # run from a source tree
            value = "0+unknown"
    elif name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(f"metaan.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'metaan' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
