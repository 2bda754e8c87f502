"""What `import proximity` takes over bare Python; heavy libraries are not imported.

Both start in turn, each in a process of its own; the best of many counts, since
others use the machine too.
"""

import platform
import subprocess
import sys
import time

STARTS = 20
TARGET_S = 0.15
HEAVY = ("numpy", "numba", "scipy", "bleak")
CHECK = f"import proximity, sys; sys.exit(any(n in sys.modules for n in {HEAVY}))"


def start_s(code: str) -> float:
    """Return the seconds of one process that runs the code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Check, measure, print, and fail where the target is missed."""
    start_s(CHECK)
    both = [(start_s("pass"), start_s("import proximity")) for _ in range(STARTS)]
    bare_s, with_it_s = (min(times) for times in zip(*both, strict=True))
    over_s = with_it_s - bare_s
    print(f"{platform.machine()}, Python {platform.python_version()}")
    print(f"bare {bare_s:.3f} s, over it {over_s:.3f} s  (target {TARGET_S} s)")
    if over_s > TARGET_S:
        raise SystemExit("the target is missed")


if __name__ == "__main__":
    main()
