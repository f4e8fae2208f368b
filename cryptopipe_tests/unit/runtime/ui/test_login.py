"""Who is let in where a token is set."""

import base64
import logging
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.runtime.ui import login as module
from cryptopipe_assets.runtime.ui.authorities import Allowed
from cryptopipe_assets.runtime.ui.guard import Guard
from cryptopipe_assets.runtime.ui.login import Login
from cryptopipe_tests.unit.runtime.ui.asgi import ask, open_app

TOKEN = "Zwölf Boxkämpfer jagen"
ORIGIN = {"origin": "http://localhost:3000"}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)


@pytest.fixture
def clock():
    return {"now": 1_000_000.0}


@pytest.fixture
def locked(clock):
    login = Login(SecretStr(TOKEN), port=3000, clock=lambda: clock["now"])
    return Guard(open_app, allowed=Allowed(3000), login=login)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def entered(guard, token, **more):
    body = urlencode({"token": token, **more}).encode()
    return ask(guard, "POST", "/login", headers=ORIGIN, body=body)


def test_a_program_without_the_token_gets_a_sentence_that_names_the_variable(locked):
    answer = ask(locked, path="/graphql")
    assert answer.status == 401
    assert "CRYPTOPIPE_UI_TOKEN" in answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert ask(locked, path="/graphql", kind="websocket", headers=ORIGIN).status == 401


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer",
        "Bearer ",
        "Basic ???",
        "Basic /w==",
        basic(TOKEN, ""),
        "",
    ],
)
def test_a_wrong_token_lets_nobody_in(locked, header):
    said = header.encode().decode("latin-1")
    assert ask(locked, headers={"authorization": said}).status == 401


def test_a_program_says_the_token_in_a_header(locked):
    assert ask(locked, headers={"authorization": basic("any", TOKEN)}).status == 200
    plain = Guard(open_app, allowed=Allowed(3000), login=Login(SecretStr("a" * 16), port=3000))
    assert ask(plain, headers={"authorization": f"bearer {'a' * 16}"}).status == 200


def test_a_person_gets_the_form_and_then_the_page_that_was_asked_for(locked):
    asked = ask(locked, path="/runs", query="a=1&b=2", headers={"accept": "text/html"})
    assert asked.status == 401
    assert 'value="/runs?a=1&amp;b=2"' in asked.text

    answer = entered(locked, TOKEN, next="/runs?a=1&b=2")
    assert answer.status == 303
    assert answer.headers["location"] == "/runs?a=1&b=2"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie

    session = {"cookie": cookie.partition(";")[0]}
    assert ask(locked, path="/runs", headers=session).text == "let through "
    assert ask(locked, path="/graphql", headers=session | ORIGIN, kind="websocket").status == 101


def test_a_session_ends_after_a_week(locked, clock):
    session = {"cookie": entered(locked, TOKEN).headers["set-cookie"].partition(";")[0]}
    clock["now"] += module.SESSION_SECONDS - 1
    assert ask(locked, headers=session).status == 200
    clock["now"] += 1
    assert ask(locked, headers=session).status == 401


@pytest.mark.parametrize("forged", ["", ".", "9999999999.", "9999999999.00", "x.y", "9" * 5000])
def test_a_forged_session_is_none(locked, forged):
    assert ask(locked, headers={"cookie": f"cryptopipe_ui_3000={forged}"}).status == 401


def test_a_session_of_another_process_is_none(locked):
    other = Guard(open_app, allowed=Allowed(3000), login=Login(SecretStr(TOKEN), port=3000))
    session = {"cookie": entered(other, TOKEN).headers["set-cookie"].partition(";")[0]}
    assert ask(locked, headers=session).status == 401


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + " "])
def test_a_wrong_token_in_the_form_asks_again(locked, token):
    answer = entered(locked, token, next="/runs")
    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    assert "not the token" in answer.text
    assert 'value="/runs"' in answer.text


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&" * 100, b"token=" + b"x" * 10_000, b"=%zz"])
def test_a_form_that_cannot_be_ours_is_a_wrong_token(locked, body):
    assert ask(locked, "POST", "/login", headers=ORIGIN, body=body).status == 401


@pytest.mark.parametrize(
    "next_page",
    ["//evil.example", "/\\evil.example", "https://evil.example", "", "/login", "/a\r\nx: y", "/ü"],
)
def test_a_login_leads_nowhere_else(locked, next_page):
    assert entered(locked, TOKEN, next=next_page).headers["location"] == "/"


def test_the_form_writes_out_no_markup_of_the_request(locked):
    asked = ask(locked, path="/", query='"><script>', headers={"accept": "text/html"})
    assert "<script>" not in asked.text


def test_a_short_token_is_refused_and_not_shown():
    with pytest.raises(ConfigError, match="at least 16 characters") as refused:
        Login(SecretStr("hunter2"), port=3000)
    assert "hunter2" not in str(refused.value)


def test_the_token_is_in_no_log(locked, caplog):
    with caplog.at_level(logging.DEBUG):
        entered(locked, TOKEN)
        entered(locked, "a wrong one")
        ask(locked, headers={"authorization": basic("x", TOKEN), "host": "evil.example"})
    assert TOKEN not in caplog.text
    assert "a wrong one" not in caplog.text
