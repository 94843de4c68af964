"""Systematic reviews and meta-analysis from an extraction workbook; names below are loaded when first used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metaan.effects.sizes import effect_sizes
    from metaan.pooling.pool import pool
    from metaan.terms.records import Pooled

    __version__: str

__all__ = ["Pooled", "__version__", "effect_sizes", "pool"]

_HOMES = {"Pooled": "metaan.terms.records", "effect_sizes": "metaan.effects.sizes", "pool": "metaan.pooling.pool"}


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

        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'metaan' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
