"""The way to a vendor fails, in every way and at every endpoint, over real HTTP.

A case ends in the answer that came without the fault, or in the error that its table names.
"""

import pytest

from cryptopipe_tests.chaos.cases import judge
from cryptopipe_tests.chaos.wire_behaviours import WIRE
from cryptopipe_tests.reference.endpoints import ENDPOINTS

CASES = [
    (behaviour, endpoint)
    for behaviour in WIRE
    for endpoint in ENDPOINTS
    if behaviour.concerns(endpoint.name)
]


@pytest.mark.parametrize(
    ("behaviour", "endpoint"),
    CASES,
    ids=[f"{endpoint.name}: {behaviour.name}" for behaviour, endpoint in CASES],
)
def test_it_ends_in_the_true_answer_or_in_the_error_with_its_name(
    behaviour, endpoint, standin, truths, caplog, tmp_path
):
    judge(behaviour, endpoint, standin, truths[endpoint.name], caplog, tmp_path)
