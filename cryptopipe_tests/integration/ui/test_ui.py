"""What a person sees in the browser: the graph, a table's page, a run that was started there."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

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
]
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


@pytest.fixture(scope="module")
def ui(browser, tmp_path_factory) -> Iterator[str]:
    """Address of `cryptopipe dev` over an empty warehouse."""
    folder, port = tmp_path_factory.mktemp("ui"), free_port()
    config = (ROOT / "cryptopipe.toml").read_text()
    standin = config.index("[sandbox]")
    mine = config[:standin] + f"[sandbox]\nport = {free_port()}\n"
    (folder / "cryptopipe.toml").write_text(mine)
    environment = {
        **{key: value for key, value in os.environ.items() if key[:11] != "CRYPTOPIPE_"},
        "CRYPTOPIPE_CONFIG": str(folder / "cryptopipe.toml"),
        "CRYPTOPIPE_WAREHOUSE": str(folder / "warehouse"),
        "DAGSTER_HOME": str(folder / "home"),
        "FRESHNESS_DAEMON_INTERVAL_SECONDS": "2",
    }
    with (folder / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [CLI, "dev", "--port", str(port)], env=environment, stdout=log, stderr=log, cwd=ROOT
        )
        try:
            yield _answering(f"http://127.0.0.1:{port}", process, folder / "dev.log")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _answering(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 3 * PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=5):
                return url
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the UI did not come up:\n{log.read_text()[-2000:]}")


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield opened
    opened.close()


def test_the_graph_shows_every_layer(page, ui):
    page.goto(f"{ui}/asset-groups")
    for layer in ("collected", "features", "signals", "quality"):
        page.get_by_text(layer, exact=True).first.wait_for()


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
    assert page.get_by_text("Smallest step of the price. [quote]").count()  # ... with units
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
