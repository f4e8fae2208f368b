"""Two things that pass go wrong one after the other: every pair of them, at every endpoint.

Nightly: 4,422 cases. The client asks three times, so the third request has the true answer.
"""

from dataclasses import replace
from itertools import permutations

import pytest
from polars.testing import assert_frame_equal

from cryptopipe_tests.chaos.cases import PATIENT_SECONDS, ask, fault_of
from cryptopipe_tests.chaos.questions import CANARY, Asking
from cryptopipe_tests.chaos.wire_behaviours import PASSING
from cryptopipe_tests.reference.endpoints import ENDPOINTS

# A silence is a timeout like another, and takes seconds.
TIMES = [each for each in PASSING if each.times == 1 and each.kind != "hang"]
CASES = [
    (first, second, endpoint)
    for first, second in permutations(TIMES, 2)
    for endpoint in ENDPOINTS
    if first.concerns(endpoint.name) and second.concerns(endpoint.name)
]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("first", "second", "endpoint"),
    CASES,
    ids=[f"{endpoint.name}: {first.name}, {second.name}" for first, second, endpoint in CASES],
)
def test_the_true_answer_comes_after_both(first, second, endpoint, standin, truths, caplog):
    then = replace(fault_of(second, endpoint), after=1)
    asking = Asking(standin.url, timeout_seconds=PATIENT_SECONDS)
    with standin.suffering(fault_of(first, endpoint), then) as plan:
        came = ask(endpoint, asking)
    assert plan.met.total() == 2, "one of them was met by nobody"
    for name, frame in truths[endpoint.name].items():
        assert_frame_equal(came[name], frame, check_exact=True)
    assert CANARY not in caplog.text
