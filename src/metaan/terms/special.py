"""SciPy's special functions, loaded when one is first used: stages that only read records need none of them."""

from typing import Any


class _Special:
    """Stands for `scipy.special`; a function found once is kept."""

    def __getattr__(self, name: str) -> Any:
        from scipy import special

        found = getattr(special, name)
        setattr(self, name, found)
        return found


special: Any = _Special()
