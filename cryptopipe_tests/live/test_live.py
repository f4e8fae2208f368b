"""Do the real vendors still answer as their parsers expect? ``make live-check`` asks each once."""

import asyncio

import pytest

from cryptopipe_assets.core.errors import (
    NotPublished,
    PayloadChanged,
    RateLimited,
    VendorRejected,
    VendorUnavailable,
)
from cryptopipe_assets.vendors.binance.overlap import COMPARISONS, Overlap, overlap_of
from cryptopipe_tests.live.conftest import NO_KEY, PASSED, UNREACHABLE
from cryptopipe_tests.live.questions import QUESTIONS, amount


@pytest.mark.live
@pytest.mark.parametrize("comparison", COMPARISONS.values(), ids=lambda comparison: comparison.name)
def test_two_ways_of_one_vendor_say_the_same_of_the_same_instants(comparison, vendors, now, report):
    name = f"binance-archive {comparison.name}"

    async def ask() -> Overlap:
        async with vendors.binance() as binance, vendors.binance_archive() as archive:
            by_rest, some = comparison.rest(binance, now), {"BTCUSDT": "BTC-USDT-PERP"}
            return await overlap_of(comparison, archive, by_rest, some, now=now)

    try:
        found = asyncio.run(ask())
    except NotPublished as exc:
        report[name] = PASSED, f"nothing to compare: {exc}"
    except VendorUnavailable as exc:
        report[name] = UNREACHABLE, str(exc)
    except (PayloadChanged, VendorRejected) as exc:
        report[name] = "CHANGED", str(exc)
        pytest.fail(f"CHANGED: {exc}", pytrace=False)
    else:
        report[name] = PASSED, f"{found.instants} {comparison.rows}"
        if found.said:
            report[name] = "CHANGED", found.said
            pytest.fail(f"CHANGED: {found.said}", pytrace=False)


@pytest.mark.live
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_endpoint_keeps_its_contract(question, vendors, now, report):
    if question.key is not None and question.key not in vendors.keys.present():
        report[question.name] = NO_KEY, f"set the key of {question.key} to check it"
        return
    try:
        answer = asyncio.run(question.ask(vendors, now))
    except RateLimited as exc:
        report[question.name] = "limited", str(exc)
        return
    except VendorUnavailable as exc:
        why = str(exc).partition("last: ")[2].partition(". Nothing was")[0]
        report[question.name] = UNREACHABLE, why or str(exc)
        return
    except VendorRejected as exc:
        report[question.name] = "REFUSED", str(exc)
    except (PayloadChanged, NotPublished) as exc:
        report[question.name] = "CHANGED", str(exc)
    else:
        rows = amount(answer)
        report[question.name] = (PASSED, f"{rows} rows") if rows else ("CHANGED", "no rows")
    verdict, said = report[question.name]
    if verdict != PASSED:
        pytest.fail(f"{verdict}: {said}", pytrace=False)
