"""Which tests a mutant has to get past: those near it first, then those of who uses it."""

from functools import cache
from pathlib import Path

PACKAGE = "cryptopipe_assets"
UNIT, INTEGRATION = "cryptopipe_tests/unit", "cryptopipe_tests/integration"
TABLES = f"{INTEGRATION}/tables"

# Rooms and modules, the innermost first, and the tests in which they work with others. They are
# chosen to take seconds: what only a longer test notices is noticed late.
TOGETHER = {
    "collect/contract_lives": (f"{TABLES}/test_contract_lives.py",),
    "collect/funding": (f"{TABLES}/test_funding_rate.py",),
    "collect/gaps/lives_check": (f"{TABLES}/test_data_gaps_of_lives.py",),
    "collect/gaps/table_survey": (f"{TABLES}/test_data_gaps_of_other_tables.py",),
    "collect/gaps": (
        f"{UNIT}/defs/quality/test_data_gaps.py",
        f"{TABLES}/test_data_gaps_repair.py",
        f"{TABLES}/test_data_gaps_of_lives.py",
    ),
    "collect/instruments": (f"{TABLES}/test_instruments.py",),
    "collect/landing": (f"{TABLES}/test_landing_bad_files.py", f"{TABLES}/test_landing_names.py"),
    "collect/market_cap": (f"{TABLES}/test_market_cap.py",),
    "collect/open_interest": (f"{TABLES}/test_open_interest.py",),
    "collect/raw_archive": (f"{TABLES}/test_rebuild.py",),
    "collect/symbol_history": (f"{TABLES}/test_symbol_history.py",),
    "collect": (f"{TABLES}/test_optional_sources.py", f"{TABLES}/test_open_interest.py"),
    "operations": (f"{UNIT}/cli", f"{INTEGRATION}/status"),
    "quant": (
        f"{UNIT}/quant/metrics",
        f"{UNIT}/quant/strategies",
        f"{UNIT}/quant/factors",
        f"{UNIT}/panels",
        f"{TABLES}/test_leverage.py",
    ),
    "storage/catalog": (f"{UNIT}/test_api.py", f"{TABLES}/test_views.py"),
    "storage": (f"{UNIT}/test_api.py", f"{TABLES}/test_revisions.py"),
    "vendors/http": (
        f"{UNIT}/vendors/coinalyze",
        f"{UNIT}/vendors/okx",
        f"{UNIT}/vendors/coinmarketcap",
        f"{UNIT}/vendors/binance/test_client.py",
        f"{UNIT}/vendors/parsing",
        f"{INTEGRATION}/vendors",
    ),
}


def stages(root: Path, module: str, *, near: bool = False) -> list[list[str]]:
    """Test files and folders in the order in which they are run; the first failure ends it.

    First the unit tests that are named after the module or import it, then the others of its
    folder, then, unless only those near are wanted, those in which its room works with others.
    """
    path = Path(module).relative_to(PACKAGE)
    room = f"{UNIT}/{path.parent}"
    dotted = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    named = f"{room}/test_{path.stem}.py"
    texts = _texts(root)
    importing = [file for file, text in texts.items() if dotted in text]
    nearest = sorted(importing, key=lambda file: (file != named, not file.startswith(room), file))
    if named in texts and named not in nearest:
        nearest.insert(0, named)
    folder = [
        file for file in texts if str(Path(file).parent).startswith(room) and file not in nearest
    ]
    together = next(tests for name, tests in TOGETHER.items() if str(path).startswith(name))
    return [stage for stage in (nearest, folder, [] if near else list(together)) if stage]


@cache
def _texts(root: Path) -> dict[str, str]:
    files = sorted((root / UNIT).rglob("test_*.py"))
    return {str(file.relative_to(root)): file.read_text(encoding="utf-8") for file in files}
