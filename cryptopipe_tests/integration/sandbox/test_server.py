"""Starting, stopping, counting and breaking the stand-in."""

import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import httpx
import pytest

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.sandbox.faults.plan import Fault, FaultPlan
from cryptopipe_assets.sandbox.server import Sandbox
from cryptopipe_assets.sandbox.simulated.source import SimulatedSource

PING = "/binance/fapi/v1/ping"
INFO = "/binance/fapi/v1/exchangeInfo"
DAY = "/binance-archive/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-01.zip"


def get(url: str, **kwargs) -> httpx.Response:
    return httpx.get(url, verify=False, **kwargs)  # nothing to verify, and loading roots is slow


def suffering(*faults: Fault) -> Sandbox:
    return Sandbox(SimulatedSource(), faults=FaultPlan(faults))


def test_it_tells_who_it_is_and_counts_what_it_answered():
    clock = lambda: datetime(2024, 5, 1, tzinfo=UTC)  # noqa: E731 - a clock is a function
    with Sandbox(SimulatedSource(clock=clock)) as sandbox:
        for path in (PING, PING, DAY, f"{DAY}.CHECKSUM"):
            get(sandbox.url + path).raise_for_status()
        about = get(f"{sandbox.url}/_sandbox").json()
    assert sandbox.calls == {
        ("binance", "ping"): 2,
        ("binance-archive", "klines"): 1,
        ("binance-archive", "klines.CHECKSUM"): 1,
    }
    assert about == {
        "name": "cryptopipe sandbox",
        "source": "simulated",
        "now": 1_714_521_600_000,  # the source's clock, because the server has none of its own
        "calls": {
            "binance/ping": 2,
            "binance-archive/klines": 1,
            "binance-archive/klines.CHECKSUM": 1,
        },
    }


def test_a_taken_port_is_one_clear_line():
    with Sandbox(SimulatedSource()) as first:
        port = int(first.url.rpartition(":")[2])
        with (
            pytest.raises(ConfigError, match=f"^port {port} on 127.0.0.1 is taken; .*port.*$"),
            Sandbox(SimulatedSource(), port=port),
        ):
            pass


def test_after_the_block_the_port_is_free_and_the_threads_are_gone():
    before = set(threading.enumerate())
    with Sandbox(SimulatedSource()) as sandbox:
        client = httpx.Client(verify=False)
        client.get(sandbox.url + DAY)
    client.close()
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0
    mine = set(threading.enumerate()) - before
    assert not [each for each in mine if each.name.startswith("sandbox")]


@pytest.mark.parametrize(
    "end", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM]
)
def test_in_the_foreground_it_ends_cleanly_when_told_to(end):
    script = (
        "from cryptopipe_assets.sandbox.server import Sandbox\n"
        "from cryptopipe_assets.sandbox.simulated.source import SimulatedSource\n"
        "with Sandbox(SimulatedSource()) as sandbox:\n"
        "    print(sandbox.url, flush=True)\n"
        "    sandbox.serve_forever()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        url = process.stdout.readline().strip()
        assert get(url + PING).status_code == 200
        time.sleep(0.05)
        process.send_signal(end)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_status_fault_happens_as_often_as_planned_and_carries_its_headers():
    fault = Fault(match="ping$", kind="status", times=2, value=429, headers={"Retry-After": "7"})
    with suffering(fault) as sandbox:
        answers = [get(sandbox.url + PING) for _ in range(3)]
    assert [each.status_code for each in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_a_fault_hits_only_the_requests_it_matches():
    with suffering(Fault(match=r"symbol=ETHUSDT", kind="status", value=451)) as sandbox:
        ask = sandbox.url + "/binance/fapi/v1/klines?interval=1m&limit=1&symbol="
        assert get(ask + "ETHUSDT").status_code == 451
        assert get(ask + "BTCUSDT").status_code == 200


def test_a_truncated_answer_breaks_off_in_the_middle():
    with (
        suffering(Fault(match="exchangeInfo", kind="truncate", value=0.3)) as sandbox,
        pytest.raises(httpx.RemoteProtocolError, match="closed connection"),
    ):
        get(sandbox.url + INFO)


def test_a_reset_connection_gives_no_answer_at_all():
    with (
        suffering(Fault(match="ping", kind="reset")) as sandbox,
        pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)),
    ):
        get(sandbox.url + PING)


def test_a_delayed_answer_is_true_but_late():
    with suffering(Fault(match="ping", kind="delay", value=0.15)) as sandbox:
        begun = time.monotonic()
        assert get(sandbox.url + PING).json() == {}
        assert time.monotonic() - begun >= 0.15


def test_a_slow_answer_does_not_hold_up_the_end():
    with suffering(Fault(match="ping", kind="delay", value=30.0)) as sandbox:
        with pytest.raises(httpx.ReadTimeout):
            get(sandbox.url + PING, timeout=0.1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 2


def test_bent_answers_still_come_with_200():
    with suffering(
        Fault(match="ping", kind="html"),
        Fault(match="fundingInfo", kind="empty"),
        Fault(match="exchangeInfo", kind="drop_symbol", value="ETHUSDT"),
        Fault(match="CHECKSUM", kind="checksum"),
    ) as sandbox:
        page = get(sandbox.url + PING)
        nothing = get(f"{sandbox.url}/binance/fapi/v1/fundingInfo")
        thinner = get(sandbox.url + INFO)
        checksum = get(f"{sandbox.url}{DAY}.CHECKSUM")
    assert page.status_code == 200
    assert page.text.startswith("<html>")
    assert nothing.json() == []
    symbols = [each["symbol"] for each in thinner.json()["symbols"]]
    assert "ETHUSDT" not in symbols
    assert "BTCUSDT" in symbols
    assert checksum.text == f"{'0' * 64}  BTCUSDT-1m-2024-01-01.zip\n"


def test_a_fault_that_cannot_happen_is_refused_when_planned():
    with pytest.raises(ConfigError, match="fault kind"):
        Fault(match=".", kind="earthquake")
    with pytest.raises(ConfigError, match="fault status"):
        Fault(match=".", kind="status", value="503")


def test_a_late_request_of_a_client_that_gave_up_meets_no_fault_of_what_comes_next():
    with Sandbox(SimulatedSource()) as sandbox:
        host, port = sandbox.url.removeprefix("http://").split(":")
        with sandbox.suffering():
            sandbox._stop[0].call_soon_threadsafe(time.sleep, 0.3)  # a server that is busy
            with socket.create_connection((host, int(port))) as client:
                client.sendall(f"GET {DAY} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        with sandbox.suffering(Fault(match="klines", kind="status", value=503)) as plan:
            time.sleep(0.5)
            assert not plan.met
