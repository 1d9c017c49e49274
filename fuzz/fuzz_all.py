"""Fuzzes every container for a while: ``make fuzz``, or ``python fuzz/fuzz_all.py --seconds 600 jpeg mp4``.

Runs ``fuzz_container.py`` for each name (all built-in containers without any), a few at a time, and ends with 1 when
one of them found something, then in ``fuzz/found/NAME-…``. That goes to ``tests/regress/NAME/`` with the mend.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOUND = HERE / "found"
ONE_INPUT_SECONDS = 20
MEMORY_MB = 2048


def fuzzed(name: str, seconds: int) -> tuple[str, int, str]:
    """Returns the name, the exit status, and the last lines of one run."""
    bounds = (f"-max_total_time={seconds}", f"-timeout={ONE_INPUT_SECONDS}", f"-rss_limit_mb={MEMORY_MB}")
    command = (sys.executable, HERE / "fuzz_container.py", name, *bounds, f"-artifact_prefix={FOUND}/{name}-")
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return name, done.returncode, "\n".join(done.stderr.splitlines()[-12:])


def main() -> None:
    from yinji.containers.registry import BUILT_IN

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="containers; all without any")
    parser.add_argument("--seconds", type=int, default=20, help="for each of them")
    parser.add_argument("--jobs", type=int, default=2, help="at a time")
    chosen = parser.parse_args()
    FOUND.mkdir(exist_ok=True)
    names = chosen.names or [row.name for row in BUILT_IN]
    failed = 0
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for name, status, shown in pool.map(lambda name: fuzzed(name, chosen.seconds), names):
            failed += status != 0
            print(f"  {name:10} {'ok' if status == 0 else f'FOUND SOMETHING (status {status})'}", flush=True)
            if status:
                print(shown, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
