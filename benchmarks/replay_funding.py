"""What a replay of the funding of every contract takes: ``python -m benchmarks.replay_funding``.

Told is processor time, of this process and all its threads: it moves little with what else runs on
the machine. Start-up counts: it is most of a replay of two contracts, which is measured for it.
"""

import random
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from cryptopipe_assets.cli.replay import replay
from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.core.time import HOUR_MS, midnight, milliseconds

CONTRACTS, DAYS = 539, 66
FIRST = date(2026, 1, 27)
HOURS = (1, 4, 8)
SHARES = (8, 403, 128)  # of the exchange's contracts in March 2026


def main() -> None:
    """Replay few contracts, then all of them; print what each took."""
    console = Console()
    for contracts, days in ((2, 2), (CONTRACTS, DAYS)):
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            _write(data / "binance" / "funding", contracts, days)
            settings = load_settings().with_environment(warehouse=Path(folder) / "warehouse")
            begin = time.process_time()
            last = FIRST + timedelta(days=days - 1)
            tables = ["funding_rate"]
            replay(settings, data=data, first=FIRST, last=last, tables=tables, strict=False)
            took = time.process_time() - begin
        console.print(f"{contracts} contracts, {days} days: {took:.1f} s of processor time")


def _write(folder: Path, contracts: int, days: int) -> None:
    """One file a contract, stamped up to 17 ms late."""
    folder.mkdir(parents=True)
    rng, start = random.Random(1), milliseconds(midnight(FIRST))
    for number in range(contracts):
        name, step = f"C{number:03}USDT", rng.choices(HOURS, SHARES)[0]
        lines = ["timestamp,symbol,funding_rate"]
        lines += [
            f"{start + hour * HOUR_MS + rng.randrange(18)},{name},{rng.uniform(-5e-4, 5e-4):.8f}"
            for hour in range(0, days * 24, step)
        ]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
