"""Where the repository and its recorded answers are, for tests that read files."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAYLOADS = ROOT / "cryptopipe_tests" / "payloads"
