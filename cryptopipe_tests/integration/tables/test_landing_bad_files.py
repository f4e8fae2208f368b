"""One bad file in the landing folder keeps no good one out."""

import io
import zipfile

import dagster as dg
import httpx
import pytest

from cryptopipe_assets.collect.landing import landing
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_tests.conftest import QUIET

GOOD = "BTCUSDT-1m-2026-03-05.zip"


def zipped(member: str, content: bytes, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression=packing) as archive:
        archive.writestr(member, content)
    return packed.getvalue()


def encrypted(content: bytes) -> bytes:
    made = bytearray(content)
    for header, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.find(header) + place] |= 1
    return bytes(made)


@pytest.mark.slow
def test_a_bad_zip_keeps_no_good_one_out(platform):
    assert platform.materialise(["instruments"], "2026-03-10").success
    resources = build(platform.settings).resources
    folder = landing(resources["warehouse"])
    good = httpx.get(
        f"{platform.sandbox.url}/binance-archive/data/futures/um/daily/klines/BTCUSDT/1m/{GOOD}"
    ).content
    bad = {
        "AUSDT-1m-2026-03-05.zip": encrypted(good),
        "BUSDT-1m-2026-03-05.zip": b"",
        "BTCUSDT-1m-2026-03-01.zip": zipped("x.csv", b"\xff\xfe" * 40),
        "BTCUSDT-1m-2026-03-02.zip": zipped("x.csv", b"9" * 400 + b",1" * 11),
        "BTCUSDT-1m-2026-03-04.zip": zipped("../x.csv", b"1", zipfile.ZIP_BZIP2),
        "BTCUSDT-fundingRate-2026-02.zip": zipped("x.csv", b"-9223372036854775808,8,0.0001"),
        "BTCUSDT-1m-2026-13-99.zip": good,
    }
    for name, content in {**bad, GOOD: good}.items():
        (folder / name).write_bytes(content)
    (folder / "CUSDT-1m-2026-03-05.zip").mkdir()
    names = [*bad, "CUSDT-1m-2026-03-05.zip", GOOD]
    done = (
        build(platform.settings, vendors=platform.vendors)
        .resolve_job_def("import_landing")
        .execute_in_process(
            instance=platform.instance,
            run_config=QUIET | {"ops": {"import_landed": {"config": {"files": names}}}},
            raise_on_error=False,
        )
    )
    assert not done.success
    assert platform.read("ohlcv_1m", "2026-03-05").height == 1440
    assert {path.name for path in (folder / "rejected").glob("*.zip")} >= set(bad)
    assert isinstance(done, dg.ExecuteInProcessResult)
