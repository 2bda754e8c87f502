"""The guest: a machine with Debian's kernel and BlueZ, in which tests run.

Its time passes by what its processor does, and at once where that has nothing to do.
So it waits for nothing, and what it measures does not depend on how busy this machine
is.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

IS_HERE = os.environ.get("PROXIMITY_KERNEL_RIG") == "guest"

_FOLDER = Path(__file__).parent
_REPOSITORY = _FOLDER.parents[2]
_PROGRAMS = ("qemu-system-x86_64", "bluetoothctl", "dbus-daemon", "setpriv")
_REPORTS = Path("/mnt/reports")
_BOOT_S = 300
_CONSOLE_LINES = 30


class Results(NamedTuple):
    """What the guest said: reports by test, and the end of its console."""

    reports: dict[str, list[dict[str, Any]]]
    console: str


def kernel_folder() -> Path:
    """Return where kernel.sh keeps the kernel."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "proximity" / "kernel-rig"


def missing() -> str | None:
    """Return why there can be no guest on this machine, if so."""
    if sys.platform != "linux":
        return "needs Linux"
    lacking = [name for name in _PROGRAMS if shutil.which(name) is None]
    if lacking:
        return f"needs {', '.join(lacking)}: `make parts`"
    if not (kernel_folder() / "initrd").exists():
        return "needs a kernel for the guest: `make parts`"
    return None


@functools.cache
def results(tests: tuple[str, ...]) -> Results:
    """Run tests in a guest, once.

    Parameters
    ----------
    tests : tuple of str
        Names as pytest gives them.
    """
    with tempfile.TemporaryDirectory(prefix="proximity-kernel-rig-") as name:
        shared = Path(name)
        (shared / "tests").write_text("\n".join(tests), "utf-8")
        (shared / "where").write_text(f"repository='{_REPOSITORY}'\n", "utf-8")
        console = shared / "console"
        with console.open("wb") as output:
            subprocess.run(  # noqa: S603
                ["timeout", str(_BOOT_S), *_command(shared)],  # noqa: S607
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        reports: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in _lines(shared / "reports"):
            report = json.loads(line)
            reports[report["nodeid"]].append(report)
        return Results(reports, "\n".join(_lines(console)[-_CONSOLE_LINES:]))


def hand_out(report: dict[str, Any]) -> None:
    """Write a report where the machine around the guest finds it."""
    with _REPORTS.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(report, default=str) + "\n")


def _command(shared: Path) -> list[str]:
    kernel = kernel_folder()
    return [
        *("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "768"),
        *("-icount", "shift=0,sleep=off"),
        *("-kernel", str(kernel / "kernel"), "-initrd", str(kernel / "initrd")),
        # With a tick that never rests, the guest's time passes in small steps while it
        # waits for this machine.
        *(
            "-append",
            "console=ttyS0 quiet panic=-1 mitigations=off nohz=off cryptomgr.notests=1",
        ),
        *("-nodefaults", "-no-user-config", "-no-reboot"),
        *("-display", "none", "-serial", "stdio"),
        *_folder("root", Path("/"), ",readonly=on,multidevs=remap"),
        *_folder("shared", shared, ""),
    ]


def _folder(tag: str, path: Path, options: str) -> tuple[str, str]:
    shared = f"local,path={path},mount_tag={tag},security_model=none"
    return "-virtfs", shared + options


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8", "replace").splitlines() if file.exists() else []
