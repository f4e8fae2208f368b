"""People are told of failures and stale tables: by a real HTTP target, once, without a token."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest
from pydantic import SecretStr

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.defs.automation.notification_sensors import notify_sensors
from cryptopipe_assets.operations.notifications import check, tell

TOKEN = "canary-9f31"


class Target:
    """A receiver on loopback that keeps what it is told, or answers with an error."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.heard = status, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.heard.append(json.loads(self.rfile.read(length)))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"json://127.0.0.1:{self._server.server_port}/{TOKEN}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def target():
    made = Target()
    yield made
    made.close()


@pytest.fixture
def broken():
    made = Target(status=500)
    yield made
    made.close()


def settings_for(tmp_path, *addresses: str):
    secret = SecretStr(" ".join(addresses)) if addresses else None
    return load_settings().with_environment(warehouse=tmp_path / "w", notify=secret)


def sensor_of(settings, name: str) -> dg.SensorDefinition:
    return next(each for each in notify_sensors(settings) if each.name == name)


@dg.op
def failing() -> None:
    raise RuntimeError("binance: HTTP 451. What to do: another location")


@dg.job
def collect() -> None:
    failing()


def failure(instance, sensor, **tags: str) -> str:
    """Let a run fail and the sensor see it; what the sensor says it did."""
    result = collect.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor.name,
        dagster_instance=instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_failure_event(),
    ).for_run_failure()
    return str(sensor(context).skip_message)


def test_every_target_is_told_and_one_that_fails_keeps_nothing_from_the_others(
    target, broken, caplog
):
    caplog.set_level(logging.DEBUG)
    told = tell(SecretStr(f"{broken.address}, {target.address}"), title="T", body="B")
    assert (told.reached, told.failed) == (1, ("1 (json)",))
    assert [(each["title"], each["message"]) for each in target.heard] == [("T", "B")]
    assert "target 1 (json) could not be notified" in caplog.text
    assert TOKEN not in caplog.text


def test_no_target_is_fine():
    assert tell(None, title="T", body="B").reached == 0


def test_an_address_that_apprise_does_not_know_is_named_by_its_place_only():
    with pytest.raises(ConfigError, match=r"CRYPTOPIPE_NOTIFY: target 1 \(carrier\)") as caught:
        check(SecretStr(f"carrier://{TOKEN}"))
    assert TOKEN not in str(caught.value)


def test_a_failed_run_is_told_once_in_the_steps_own_words(target, tmp_path):
    settings = settings_for(tmp_path, target.address)
    sensor = sensor_of(settings, "notify_run_failure")
    with dg.DagsterInstance.ephemeral() as instance:
        tier = {"cryptopipe/round": "market_data", "cryptopipe/tier": "fast"}
        assert "targets notified: 1, failed: 0" in failure(instance, sensor, **tier)
        assert "last six hours" in failure(instance, sensor, **tier)
        other = {**tier, "cryptopipe/tier": "hourly"}
        assert "targets notified: 1, failed: 0" in failure(instance, sensor, **other)
    assert [each["title"] for each in target.heard] == [
        "cryptopipe: collect of fast failed",
        "cryptopipe: collect of hourly failed",
    ]
    assert "failing: RuntimeError: binance: HTTP 451" in target.heard[0]["message"]
    assert TOKEN not in repr(settings)


def test_a_target_that_is_down_fails_nothing(broken, tmp_path):
    sensor = sensor_of(settings_for(tmp_path, broken.address), "notify_run_failure")
    with dg.DagsterInstance.ephemeral() as instance:
        assert "targets notified: 0, failed: 1 (json)" in failure(instance, sensor)


def test_without_a_target_both_sensors_skip(tmp_path):
    settings = settings_for(tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        said = failure(instance, sensor_of(settings, "notify_run_failure"))
        assert "names no target to notify" in said
        context = dg.build_sensor_context(instance=instance)
        result = sensor_of(settings, "notify_freshness")(context)
        assert "names no target to notify" in str(result.skip_message)


def test_tables_that_are_not_fresh_are_told_once(target, tmp_path):
    settings = settings_for(tmp_path, target.address)
    sensor = sensor_of(settings, "notify_freshness")
    (tmp_path / "w").mkdir()
    with dg.DagsterInstance.ephemeral() as instance:
        first = sensor(dg.build_sensor_context(instance=instance))
        assert len(target.heard) == 1
        assert "are not fresh" in target.heard[0]["title"]
        assert "market_cap: missing, never filled" in target.heard[0]["message"]
        again = sensor(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert again.cursor == first.cursor
        assert len(target.heard) == 1
