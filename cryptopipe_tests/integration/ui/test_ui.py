"""What a person sees in the browser: the graph, a table's page, a run that was started there.

And what a page of others that the same browser has open cannot do meanwhile.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest

from cryptopipe_tests.places import ROOT

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.slow

CLI = Path(sys.executable).with_name("cryptopipe")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP evil.example 127.0.0.1",  # a name of others that leads to us
]
TOKEN = "the token of the tests"
PATIENCE_SECONDS = 60
"""On a busy machine; on an idle one the whole file takes half a minute."""


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, or a skip that says that there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium on this machine; on Debian: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield launched
        launched.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass(frozen=True)
class Service:
    """A running `cryptopipe dev`."""

    port: int
    read_only_port: int
    log: Path
    home: Path

    def api(self, document: str, *, port: int | None = None) -> tuple[int, str]:
        """Ask the API as a program does; returns status and answer."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port or self.port}/graphql",
            data=json.dumps({"query": document}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"},
        )
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()


@pytest.fixture(scope="module")
def service(browser, tmp_path_factory) -> Iterator[Service]:
    """`cryptopipe dev` over an empty warehouse, with a token and a port for looking only."""
    folder, port, read_only = tmp_path_factory.mktemp("ui"), free_port(), free_port()
    config = (ROOT / "cryptopipe.toml").read_text()
    standin = config.index("[sandbox]")
    mine = f"[sandbox]\nport = {free_port()}\n[ui]\nread_only_port = {read_only}\n"
    (folder / "cryptopipe.toml").write_text(config[:standin] + mine)
    environment = {
        **{key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"},
        "CRYPTOPIPE_CONFIG": str(folder / "cryptopipe.toml"),
        "CRYPTOPIPE_WAREHOUSE": str(folder / "warehouse"),
        "CRYPTOPIPE_UI_TOKEN": TOKEN,
        "DAGSTER_HOME": str(folder / "home"),
        "FRESHNESS_DAEMON_INTERVAL_SECONDS": "2",
    }
    with (folder / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [CLI, "dev", "--port", str(port)], env=environment, stdout=log, stderr=log, cwd=ROOT
        )
        try:
            for each in (port, read_only):
                _answering(f"http://127.0.0.1:{each}", process, folder / "dev.log")
            yield Service(port, read_only, folder / "dev.log", folder / "home")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


@pytest.fixture
def ui(service) -> str:
    """Address of the UI."""
    return f"http://127.0.0.1:{service.port}"


def _answering(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    told = {"Authorization": f"Bearer {TOKEN}"}
    info = urllib.request.Request(f"{url}/server_info", headers=told)
    until = time.monotonic() + 3 * PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(info, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the UI did not come up:\n{log.read_text()[-2000:]}")


@pytest.fixture
def stranger(browser):
    """A browser that has not logged in."""
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield opened
    opened.close()


@pytest.fixture
def page(stranger, ui):
    """One that has."""
    stranger.goto(f"{ui}/login")
    log_in(stranger)
    return stranger


def log_in(opened) -> None:
    opened.get_by_label("Token").fill(TOKEN)
    with opened.expect_navigation(wait_until="commit"):
        opened.get_by_role("button", name="Log in").click()


def test_the_page_that_was_asked_for_comes_after_the_login(stranger, ui):
    stranger.goto(f"{ui}/asset-groups?open-nodes=x")
    assert stranger.get_by_text("This service asks for its token.").count()
    log_in(stranger)
    stranger.get_by_text("features", exact=True).first.wait_for()
    assert stranger.url == f"{ui}/asset-groups?open-nodes=x"


def test_the_graph_shows_every_layer(page, ui):
    page.goto(f"{ui}/asset-groups")
    for layer in ("collected", "features", "signals", "quality"):
        page.get_by_text(layer, exact=True).first.wait_for()


def test_the_second_port_shows_the_graph_and_changes_nothing(stranger, service):
    stranger.goto(f"http://localhost:{service.read_only_port}/asset-groups")
    log_in(stranger)
    stranger.get_by_text("features", exact=True).first.wait_for()
    refused = service.api(limit("shown"), port=service.read_only_port)
    assert refused[0] == 403
    assert "only shows" in refused[1]
    assert "shown" not in service.api(LIMITS)[1]


LIMITS = "{ instance { concurrencyLimits { concurrencyKey } } }"


def limit(name: str) -> str:
    """A change whose success can be seen in ``LIMITS``."""
    return f'mutation {{ setConcurrencyLimit(concurrencyKey: "{name}", limit: 1) }}'


@pytest.fixture(params=["127.0.0.1", "evil.example"])
def page_of_others(request, page):
    """Another site in the browser that has logged in: of this address, or of a name of its own."""

    class Blank(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>others</title>")

        def log_message(self, *args) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://{request.param}:{server.server_port}/")
        yield page
        page.goto("about:blank")
        server.shutdown()


ATTACK = """async ([ui, document]) => {
  const within = (promise, what) => Promise.race(
    [promise, new Promise(done => setTimeout(() => done(what), 10000))]);
  const address = `${ui}/graphql?query=${encodeURIComponent(document)}`;
  const told = {credentials: 'include', mode: 'no-cors'};
  await fetch(address, {...told, method: 'POST', body: 'x'}).catch(() => {});
  const json = JSON.stringify({query: document});
  await fetch(`${ui}/graphql`, {...told, method: 'POST', body: json}).catch(() => {});
  await within(new Promise(done => {
    const image = new Image();
    image.onload = image.onerror = done;
    image.src = address;
  }));
  return await within(new Promise(done => {
    const socket = new WebSocket(`${ui.replace('http', 'ws')}/graphql`, 'graphql-ws');
    socket.onopen = () => done('open');
    socket.onerror = () => done('refused');
  }), 'silent');
}"""


FORM = """address => {
  const form = Object.assign(document.createElement('form'), {method: 'post', action: address});
  document.body.append(form);
  form.submit();
}"""


def test_a_page_of_others_changes_nothing(page_of_others, service):
    ours = [(name, f"http://{name}:{service.port}") for name in ("127.0.0.1", "evil.example")]
    for _, ui in ours:
        assert page_of_others.evaluate(ATTACK, [ui, limit("theirs")]) == "refused"
    for name, ui in ours:
        address = f"{ui}/graphql?query={quote(limit('theirs'))}"
        with page_of_others.expect_navigation() as shown:
            page_of_others.evaluate(FORM, address)
        assert shown.value.status == (421 if name == "evil.example" else 403)
        page_of_others.go_back()
    assert "theirs" not in service.api(LIMITS)[1]


def test_a_name_of_others_that_leads_here_shows_nothing(stranger, service):
    answer = stranger.goto(f"http://evil.example:{service.port}/server_info")
    assert answer.status == 421
    assert "ui.allowed_hosts" in answer.text()


def test_a_program_that_says_the_token_may_change_something(service):
    assert service.api(limit("ours"))[0] == 200
    assert "ours" in service.api(LIMITS)[1]


def test_the_token_is_in_no_log(service):
    assert TOKEN not in service.log.read_text()


def reloaded_until(page, url, text):
    """Load the page again until it says ``text``: what a daemon notes comes some seconds later."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        page.goto(url)
        try:
            page.get_by_text(text, exact=True).first.wait_for(timeout=3000)
            return
        except sync_api.TimeoutError:
            continue
    raise AssertionError(f"{url} never said {text!r}")


def test_a_materialisation_that_is_launched_there_succeeds_and_its_page_tells_of_it(page, ui):
    page.goto(f"{ui}/assets/instruments")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_text("Launched run").wait_for()
    page.goto(f"{ui}/runs")
    page.get_by_text("Success", exact=True).first.wait_for()

    reloaded_until(page, f"{ui}/assets/instruments", "Passing")  # its freshness
    page.get_by_text("price_tick", exact=True).first.wait_for()  # its columns ...
    told = "Smallest step of the price; null where the venue does not say. [quote]"
    assert page.get_by_text(told).count()  # ... with units
    assert page.get_by_text("collection", exact=True).count()  # its owner
    assert page.get_by_text("docs of binance").count()

    check = "followed_instruments_are_trading"
    page.goto(f"{ui}/assets/instruments?view=checks&checkDetail={check}")
    page.get_by_text("Every followed contract has the status TRADING.").wait_for()
    page.get_by_text("Passed", exact=True).first.wait_for()


def test_a_day_that_is_launched_there_shows_its_charts(page, ui):
    page.goto(f"{ui}/assets/funding_rate")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("button", name="Latest", exact=True).click()
    page.get_by_role("button", name="Launch 1 run").click()
    page.get_by_text("Launched run").first.wait_for()
    reloaded_until(page, f"{ui}/assets/funding_rate?view=events", "chart/funding_extremes")
    page.get_by_role("row").filter(has_text="chart/funding_extremes").get_by_text("[Show").click()
    drawn = page.locator("img[src^='data:image/png;base64,']")
    drawn.wait_for()
    assert drawn.evaluate("image => image.naturalWidth") > 300


def test_a_run_whose_process_is_killed_fails_within_a_minute_and_is_asked_again(page, ui, service):
    page.goto(f"{ui}/assets/market_cap")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("button", name="Latest", exact=True).click()
    page.get_by_role("button", name="Launch 1 run").click()
    page.get_by_text("Launched run").first.wait_for()
    with dg.DagsterInstance.from_config(str(service.home)) as instance:
        (killed,) = instance.get_runs(limit=1)
        os.kill(until(lambda: _process_of(instance, killed.run_id)), signal.SIGKILL)
        started = time.monotonic()
        until(lambda: instance.get_run_by_id(killed.run_id).is_failure)
        assert time.monotonic() - started < 60
        again = until(lambda: instance.get_runs(dg.RunsFilter(tags={PARENT: killed.run_id})))[0]
        until(lambda: instance.get_run_by_id(again.run_id).is_success)
    assert again.tags["dagster/partition"] == killed.tags["dagster/partition"]


PARENT = "dagster/parent_run_id"


def until(look):
    """What ``look`` finds, as soon as it finds something."""
    end = time.monotonic() + 2 * PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def _process_of(instance, run_id) -> int | None:
    """The process of a run, as soon as it has said which one it is."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        said = entry.dagster_event.engine_event_data.metadata.get("pid")
        if said is not None:
            return int(said.text)
    return None
