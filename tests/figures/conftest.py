import pytest
from forest_cases import CASES

from metaan.figures.forest import lay_out

pytest.register_assert_rewrite("boxes")  # so that a failure shows what overlaps


@pytest.fixture(params=sorted(CASES))
def analysis(request):
    return CASES[request.param]()


@pytest.fixture(params=["wide", "narrow"])
def layout(request, analysis):
    return lay_out(analysis, narrow=request.param == "narrow")
