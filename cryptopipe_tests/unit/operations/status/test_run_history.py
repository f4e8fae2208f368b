"""Which line of a run's failure a person is told."""

import pytest

from cryptopipe_assets.operations.status.run_history import telling

STEP = ("DagsterExecutionStepExecutionError", 'Error occurred while executing op "ohlcv_1m":')
OURS = ("VendorUnavailable", "core.errors.VendorUnavailable: binance: no response\nin 4 attempts")
THEIRS = ("ConnectError", "httpx.ConnectError: refused\n\nsee the manual")


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        ([], ""),
        ([STEP], 'Error occurred while executing op "ohlcv_1m":'),
        ([STEP, THEIRS], "httpx.ConnectError: refused"),
        ([STEP, OURS], "binance: no response"),
        ([STEP, OURS, THEIRS], "binance: no response"),
        ([STEP, THEIRS, OURS], "binance: no response"),
    ],
)
def test_it_is_that_of_the_first_error_of_ours_or_else_of_the_last_cause(chain, told):
    assert telling(chain) == told
