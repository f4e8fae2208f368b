"""Open interest in files of people: which state a row is of, and what is wrong with it."""

import gzip
import json

import pytest

from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.core.own_files.open_interest import Point, read_metrics, read_points

OCTOBER = 1_759_276_800_000  # 2025-10-01 00:00 UTC
DAY, HOUR, STEP = 86_400_000, 3_600_000, 300_000
POINTS = [(OCTOBER + HOUR, "10.50", "15.75"), (OCTOBER + 2 * HOUR, "11", "16.5")]


def row(time: int, base: str, usd: str) -> dict[str, object]:
    return {
        "symbol": "FILUSDT",
        "sumOpenInterest": base,
        "sumOpenInterestValue": usd,
        "CMCCirculatingSupply": "7",
        "timestamp": time,
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FILUSDT.json", json.dumps([row(*each) for each in POINTS])),
        ("FILUSDT.json", json.dumps([row(*each) for each in reversed(POINTS)])),
        (
            "FILUSDT.csv",
            "symbol,sumOpenInterest,sumOpenInterestValue,timestamp\n"
            + "".join(f"FILUSDT,{base},{usd},{time}\n" for time, base, usd in POINTS),
        ),
        (
            "FILUSDT.csv",
            "timestamp,symbol,sum_open_interest,sum_open_interest_value\r\n"
            + "".join(f'"{time}000","FILUSDT","{base}","{usd}"\r\n' for time, base, usd in POINTS),
        ),
        ("FILUSDT.csv", "".join(f"{time},FILUSDT,{base},{usd}\n" for time, base, usd in POINTS)),
    ],
    ids=["json", "descending", "camel_case", "quoted_us", "no_header"],
)
def test_a_point_is_the_same_point_however_it_is_written(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_points(tmp_path / name, "FILUSDT") == [Point(*each) for each in POINTS]


HEADER = "timestamp,symbol,sum_open_interest,sum_open_interest_value\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{HEADER}{OCTOBER},BTCUSDT,1,1\n", "line 2: column symbol: expected FILUSDT"),
        (f"{HEADER}{OCTOBER},FILUSDT,x,1\n", "line 2: column sum_open_interest: .*found 'x'"),
        (f"{HEADER}{OCTOBER},FILUSDT,1,-1\n", "line 2: column sum_open_interest_value"),
        (f"{HEADER}{OCTOBER},FILUSDT,,1\n", "line 2: column sum_open_interest: .*found none"),
        (f"{HEADER}2025-10-01,FILUSDT,1,1\n", "line 2: column timestamp"),
        (f"{HEADER}{OCTOBER},FILUSDT,1\n", "line 2: expected 4 columns"),
        (f"{HEADER}{OCTOBER},FILUSDT,1,1\n{OCTOBER},FILUSDT,2,1\n", "line 3: .*two different"),
        (
            "timestamp,symbol,sum_open_interest\n1,FILUSDT,1\n",
            "line 1: .*lacks sum_open_interest_v",
        ),
    ],
)
def test_a_point_in_doubt_is_named_by_line_and_column(tmp_path, text, fault):
    (tmp_path / "FILUSDT.csv").write_text(text)
    with pytest.raises(RequestError, match=rf"FILUSDT\.csv.*{fault}"):
        read_points(tmp_path / "FILUSDT.csv", "FILUSDT")


def metrics(folder, labels: list[str], amounts: str = "10,15") -> list[Point]:
    path = folder / "FILUSDT-metrics-2025-10-01.csv.gz"
    lines = [f"{label},FILUSDT,{amounts},1,1,1,1" for label in labels]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return read_metrics(path, "FILUSDT", first=OCTOBER, last=OCTOBER + DAY)


def test_labels_from_midnight_on_are_starts_and_their_states_five_minutes_later(tmp_path):
    found = metrics(tmp_path, ["2025-10-01 00:00:00", "2025-10-01 00:55:00"])
    assert [each.time for each in found] == [OCTOBER + STEP, OCTOBER + HOUR]


def test_labels_up_to_the_next_midnight_are_the_states_own_instants(tmp_path):
    found = metrics(tmp_path, ["2025-10-01 01:00:00", "2025-10-02 00:00:00"])
    assert [each.time for each in found] == [OCTOBER + HOUR, OCTOBER + DAY]


@pytest.mark.parametrize(
    "labels", [["2025-10-01 01:00:00"], ["2025-10-01 00:00:00", "2025-10-02 00:00:00"]]
)
def test_a_file_that_can_be_read_both_ways_is_refused(tmp_path, labels):
    with pytest.raises(RequestError, match="could be the starts or the ends"):
        metrics(tmp_path, labels)


def test_a_row_of_another_day_is_named_by_its_line(tmp_path):
    with pytest.raises(RequestError, match="line 2: column create_time"):
        metrics(tmp_path, ["2025-10-01 00:00:00", "2025-10-03 00:00:00"])


def test_a_row_without_amounts_says_which_way_the_labels_are_and_nothing_else(tmp_path):
    assert metrics(tmp_path, ["2025-10-01 00:00:00"], amounts=",") == []
