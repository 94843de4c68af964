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
    "terms.records": ("Pooled",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "Pooled",
    "__version__",
    "baujat",
    "blups",
    "bootstrap",
    "cluster_robust",
    "copas",
    "cumulative",
    "effect_sizes",
    "excess_significance",
    "fail_safe_n",
    "fit_statistics",
    "henmi_copas",
    "heterogeneity",
    "influence",
    "ivhet",
    "leave_one_out",
    "limit_meta_analysis",
    "location_scale",
    "meta_regression",
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
    "residuals",
    "robust",
    "selection_model",
    "small_study_test",
    "subgroups",
    "subsets",
    "summarise",
    "trim_and_fill",
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
