"""What the guard lets through, and what it refuses with which sentence."""

import json
import logging
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from cryptopipe_assets.runtime.ui.authorities import Allowed
from cryptopipe_assets.runtime.ui.guard import Guard
from cryptopipe_assets.runtime.ui.login import Login
from cryptopipe_tests.unit.runtime.ui.asgi import ask, open_app

TOKEN = "a token of more than sixteen"
EVIL = "http://evil.example"
OURS = "http://localhost:3000"
MUTATION = "mutation { reloadWorkspace { __typename } }"


def guard(*names, token=None, read_only=False):
    login = Login(SecretStr(token), port=3000) if token else None
    return Guard(open_app, allowed=Allowed(3000, names), login=login, read_only=read_only)


@pytest.mark.parametrize(
    "host", ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST:3000"]
)
def test_this_machines_own_names_are_let_through(host):
    assert ask(guard(), headers={"host": host}).text == "let through "


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:3000",
        "evil.example",
        "localhost",  # another service's port
        "localhost:3001",
        "localhost.evil.example:3000",
        "localhost:3000@evil.example",
        "127.0.0.1.evil.example:3000",
        "192.168.1.5:3000",
        "[::1]:99999",
        "localhost:3000 ",
        "",
        "\x1b[2Jlocalhost:3000",
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_name_is_refused_in_a_sentence_that_says_what_to_set(host, kind):
    answer = ask(guard("data.example.org"), headers={"host": host}, kind=kind)
    assert answer.status == 421
    assert "add it to ui.allowed_hosts in cryptopipe.toml" in answer.text
    assert "\x1b" not in answer.text


def test_no_host_and_two_hosts_are_refused():
    twice = [("host", "localhost:3000"), ("host", "evil.example")]
    assert ask(guard(), headers=twice).status == 421
    assert ask(guard(), addressed=False).status == 421


@pytest.mark.parametrize(
    ("name", "host", "status"),
    [
        ("data.example.org", "data.example.org", 200),
        ("data.example.org", "data.example.org:443", 200),
        ("data.example.org", "data.example.org:3000", 200),
        ("data.example.org", "data.example.org:8080", 421),
        ("data.example.org:8080", "data.example.org:8080", 200),
        ("data.example.org:8080", "data.example.org", 421),
        ("localhost:8080", "localhost:8080", 200),  # the other end of a tunnel
    ],
)
def test_a_configured_name_is_let_through_at_its_port_or_the_usual_ones(name, host, status):
    assert ask(guard(name), headers={"host": host}).status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "http://localhost:8888", "https://localhost:3000.evil.example", "file://", ""],
)
def test_a_page_of_another_origin_may_change_nothing(method, origin):
    answer = ask(guard(), method, "/graphql", headers={"origin": origin})
    assert answer.status == 403
    assert "may not control this service" in answer.text
    assert "ui.allowed_hosts" in answer.text


@pytest.mark.parametrize("origin", [OURS, "http://127.0.0.1:3000", "http://[::1]:3000"])
def test_our_own_pages_may(origin):
    assert ask(guard(), "POST", "/graphql", headers={"origin": origin}).status == 200


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("data.example.org", "https://data.example.org", 200),
        ("127.0.0.1:3000", "https://data.example.org", 200),  # a proxy that renames the host
        ("data.example.org", "https://data.example.org:8443", 403),
        ("data.example.org", "https://evil.example", 403),
        ("data.example.org:3000", "http://data.example.org", 403),  # that machine's other service
    ],
)
def test_pages_of_a_configured_name_may(host, origin, status):
    answer = ask(guard("data.example.org"), "POST", headers={"host": host, "origin": origin})
    assert answer.status == status


def test_one_foreign_origin_among_two_is_enough_to_refuse():
    headers = [("origin", OURS), ("origin", EVIL)]
    assert ask(guard(), "POST", headers=headers).status == 403


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200)]
)
def test_a_browser_that_says_no_origin_is_asked_for_its_site(site, status):
    assert ask(guard(), "POST", headers={"sec-fetch-site": site}).status == status


def test_a_program_that_is_no_browser_may_post():
    assert ask(guard(), "POST", "/graphql").status == 200


@pytest.mark.parametrize("origin", [EVIL, "null"])
@pytest.mark.parametrize("denial", [True, False])
def test_a_websocket_of_a_foreign_page_is_refused(origin, denial):
    asked = {"path": "/graphql", "headers": {"origin": origin}, "kind": "websocket"}
    assert ask(guard(), denial=denial, **asked).status == 403


def test_a_websocket_of_our_own_page_is_accepted():
    assert ask(guard(), path="/graphql", headers={"origin": OURS}, kind="websocket").status == 101


@pytest.mark.parametrize(
    "document",
    [
        MUTATION,
        "query A { version } mutation B { reloadWorkspace { __typename } }",
        "subscription { x }",
        "{" * 3000,
        "this is not GraphQL",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/prefix/GraphQL"])
def test_a_get_may_only_ask(document, method, path):
    query = urlencode([("query", "{ version }"), ("query", document)])
    answer = ask(guard(), method, path, query=query)
    assert answer.status == 403
    foreign = ask(guard(), method, path, query=query, headers={"origin": EVIL})
    assert foreign.status == 403
    asked = {"query": query, "headers": {"sec-fetch-site": "cross-site"}}
    assert ask(guard(), method, path, **asked).status == 403


def test_a_get_that_changes_something_is_let_through_from_our_own_pages():
    query = urlencode({"query": MUTATION})
    for headers in ({"origin": OURS}, {"sec-fetch-site": "same-origin"}):
        assert ask(guard(), path="/graphql", query=query, headers=headers).status == 200


def test_a_get_that_asks_is_let_through():
    query = urlencode({"query": "query { version }"})
    assert ask(guard(), path="/graphql", query=query).status == 200
    page = {"path": "/assets", "query": "query=mutation", "headers": {"origin": EVIL}}
    assert ask(guard(), **page).status == 200


def test_no_page_of_others_frames_or_embeds_an_answer():
    for path, host in (("/", "localhost:3000"), ("/", "evil.example")):
        headers = ask(guard(), path=path, headers={"host": host}).headers
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["content-security-policy"] == "frame-ancestors 'self'"


def test_a_refusal_is_logged_without_what_a_terminal_would_obey(caplog):
    with caplog.at_level(logging.WARNING):
        ask(guard(), headers={"host": "\x1b]0;owned\x07" + "x" * 500})
    assert "\x1b" not in caplog.text
    assert len(caplog.text) < 400


def json_post(app, document, **more):
    headers = {"content-type": "application/json", **more}
    return ask(app, "POST", "/graphql", headers=headers, body=json.dumps(document).encode())


def test_the_port_for_looking_lets_questions_through_whole():
    answer = json_post(guard(read_only=True), {"query": "{ version }"})
    assert answer.text == 'let through {"query": "{ version }"}'
    assert ask(guard(read_only=True), path="/runs").status == 200


@pytest.mark.parametrize(
    "document",
    [{"query": MUTATION}, {"query": 1}, {}, [], {"query": "x" * 1_000_001}, {"query": "{"}],
    ids=["mutation", "number", "nothing", "list", "large", "unreadable"],
)
def test_the_port_for_looking_refuses_what_is_not_a_question(document):
    answer = json_post(guard(read_only=True), document)
    assert answer.status == 403
    assert "only shows" in answer.text


def test_the_port_for_looking_refuses_other_bodies_and_places():
    body, shows = b'{"query": "{ version }"}', guard(read_only=True)
    told = {"content-type": "application/graphql"}
    assert ask(shows, "POST", "/graphql", headers=told, body=body).status == 403
    assert ask(shows, "POST", "/graphql", body=body).status == 403
    told = {"content-type": "application/json"}
    assert ask(shows, "POST", "/graphql", headers=told, body=b"[" * 100_000).status == 403
    elsewhere = "/report_asset_materialization/instruments"
    assert ask(shows, "POST", elsewhere, headers=told, body=body).status == 403


def test_a_foreign_page_is_refused_before_the_token_is_asked_for():
    told = {"origin": EVIL, "authorization": f"Bearer {TOKEN}"}
    assert ask(guard(token=TOKEN), "POST", headers=told).status == 403
    assert ask(guard(token=TOKEN), "POST", "/login", headers={"origin": EVIL}).status == 403
