import json

import httpx
import pytest

from cryptopipe_assets.core.errors import PayloadChanged
from cryptopipe_assets.vendors.catalog import VENDORS, class_of
from cryptopipe_assets.vendors.http.client import VendorClient
from cryptopipe_assets.vendors.parsing.bounds import OF_JSON, Bounds, TooLarge
from cryptopipe_assets.vendors.parsing.validation import decoded
from cryptopipe_tests.unit.vendors.conftest import answering, asked, mocked


class Acme(VendorClient):
    vendor = "acme"
    bounds = {  # noqa: RUF012
        "/few": Bounds(wire_bytes=100, unpacked_bytes=100, rows=3, nesting=3, members=9),
        "/many": Bounds(nesting=100),
    }


def get(path: str, body: object) -> object:
    client = mocked(Acme, answering(body), base_url="http://acme.test", attempts=1)
    return asked(client, lambda acme: acme.get_json(path, {}, family="weight"))


def deep(levels: int) -> list:
    made: list = []
    for _ in range(levels - 1):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (["x" * 100], r"/few: expected at most 9.54e-05 MB, got more"),
        ([1, 2, 3, 4], "/few: expected at most 3 rows, got 4"),
        ({"data": {"list": [1, 2, 3, 4]}}, "/few: expected at most 3 rows, got 4"),
        (deep(4), "/few: expected JSON of at most 3 levels, got 4 levels"),
        ({f"{n}": n for n in range(10)}, "/few: expected at most 9 members, got 10"),
    ],
)
def test_an_endpoint_with_bounds_of_its_own_names_the_one_that_is_met(body, said):
    with pytest.raises(PayloadChanged, match=said):
        get("/few", body)


def test_brackets_and_commas_of_a_text_are_none():
    said = ['[[[[[[[["{{{{,,,,,,,,,,,,\\']
    assert get("/few", said) == said


@pytest.mark.parametrize("end", [b"", b"\\", b"\\\\", b'"'])
def test_megabytes_of_quotes_without_an_end_are_gone_through_once(end):
    body = b'["' + b'\\"' * 2_000_000 + end
    OF_JSON.require_structure(body)
    with pytest.raises(ValueError, match="expected JSON: "):
        decoded(body)


def test_an_endpoint_may_have_larger_bounds_than_all_have():
    body = deep(OF_JSON.nesting + 1)
    assert get("/many", body) == body
    with pytest.raises(PayloadChanged, match="at most 32 levels, got 33"):
        get("/other", body)


def test_members_are_counted_before_anything_is_made_of_them():
    with pytest.raises(ValueError, match="at most 4,000,000 members, got 5,000,001"):
        decoded(b"[" + b"1," * 5_000_000 + b"1]")


def test_a_file_of_too_many_lines_is_too_large():
    with pytest.raises(TooLarge, match="at most 2 rows, got 3"):
        Bounds(rows=2).require_lines(b"a\nb\nc\n")


@pytest.mark.parametrize("terms", VENDORS.values(), ids=VENDORS)
def test_the_bounds_that_a_vendors_terms_state_are_those_of_its_client(terms):
    for place in filter(None, (terms.client, terms.archive_client)):
        made = class_of(terms.name, place)
        assert getattr(made, "bounds", terms.bounds) is terms.bounds


def test_a_body_that_is_refused_is_decoded_once_at_most():
    body = json.dumps(deep(60)).encode()
    client = mocked(Acme, lambda _: httpx.Response(200, content=body), base_url="http://acme.test")
    with pytest.raises(PayloadChanged, match="at most 32 levels"):
        asked(client, lambda acme: acme.get_json("/other", {}, family="weight"))
    assert client.calls["/other"] == 1
