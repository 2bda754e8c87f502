"""Two bare phones on a cable car, 0 to 3.5 m, steps of 1 to 25 cm.

Source: github.com/theheraldproject/herald-analysis (Apache-2.0). No bodies, no rooms
with people: what works here says nothing about people.
"""

import re
from pathlib import Path

import numpy as np

from proximity.errors import FormatError
from proximity.research.datasets.csv_table import (
    HINT,
    Columns,
    find_table,
    read_records,
    read_table,
)
from proximity.research.datasets.signals import (
    Collection,
    Dataset,
    Device,
    Int64,
    Rows,
    Segment,
    Sightings,
    clean,
    collection,
    join,
    narrow,
    rows_of,
    spans_of,
)

LOG = re.compile(r"(\d{8}-\d{4})-([AB])\.csv(\.xz)?")
_COLUMNS = Columns(numbers=("rssi", "distance"), times=("time",))
_CM = 100.0


def load_edison(folder: Path) -> Dataset:
    """Read the campaign.

    Parameters
    ----------
    folder : Path
        Holds `metadata.csv`, `phones.csv`, and a log for each receiver of each test.

    Returns
    -------
    Dataset
        One collection a test, its two phones in it. Logs that `metadata.csv` names
        and the folder lacks were never published; the phones of logs that the folder
        holds and `metadata.csv` does not name are unknown.

    Raises
    ------
    FormatError
        If a file is damaged, or there is no log at all.
    """
    models = {
        each.get("name", ""): each.get("model", "")
        for each in read_records(find_table(folder, "phones.csv"))
    }
    tests = read_records(find_table(folder, "metadata.csv"))
    tests += _unlisted(folder, tests)
    logs: set[str] = set()
    found = [
        made
        for test in tests
        if (made := _test(folder, test, models, logs)) is not None
    ]
    if not found:
        raise FormatError(f"{folder.name} holds none of the logs it lists", HINT)
    return Dataset(folder.name, tuple(found))


def _unlisted(folder: Path, tests: list[dict[str, str]]) -> list[dict[str, str]]:
    listed = {test.get(f"filenamephone{side}", "") for test in tests for side in "ab"}
    found: dict[str, dict[str, str]] = {}
    for source in sorted(folder.iterdir()):
        log = LOG.fullmatch(source.name)
        if log is not None and f"{log[1]}-{log[2]}.csv" not in listed:
            test = found.setdefault(log[1], {"testid": log[1]})
            test[f"filenamephone{log[2].lower()}"] = f"{log[1]}-{log[2]}.csv"
    return list(found.values())


def _test(
    folder: Path, test: dict[str, str], models: dict[str, str], logs: set[str]
) -> Collection | None:
    names = test.get("phoneaname", ""), test.get("phonebname", "")
    parts: list[Rows] = []
    segments: list[Segment] = []
    for receiver, side in enumerate("ab"):
        log = test.get(f"filenamephone{side}", "")
        # A name out of a file never leads out of its folder, nor twice to one log.
        if not log or Path(log).name != log or log in logs:
            continue
        logs.add(log)
        try:
            source = find_table(folder, log)
        except FormatError:
            continue
        rows, fresh = _log(source, receiver, len(segments))
        parts.append(rows)
        segments += fresh
    if not parts:
        return None
    devices = tuple(Device(name, models.get(name, "")) for name in names)
    # Times are whole seconds: which of them were logged twice cannot be told.
    rows = clean(join(parts), repeat_ms=None)
    name = f"test {test.get('testid', '?')}"
    return collection(name, devices, rows, tuple(segments))


def _log(source: Path, receiver: int, first: int) -> tuple[Rows, list[Segment]]:
    table = read_table(source, _COLUMNS)
    t_ms = table.times_ms["time"]
    distance_m = table.numbers["distance"] / _CM
    if not np.all((distance_m >= 0) & (distance_m < _CM)):
        raise FormatError(f"{source.name} holds a distance that is none", HINT)
    # A log goes through the distances one after another.
    steps = np.concatenate(([0], np.cumsum(np.diff(distance_m) != 0)))[: len(t_ms)]
    n = int(steps[-1]) + 1 if len(steps) else 0
    link = np.full(len(t_ms), receiver), np.full(len(t_ms), 1 - receiver)
    heard = Sightings(
        t_ms,
        narrow(table.numbers["rssi"]),
        link[0].astype(np.int32),
        link[1].astype(np.int32),
        np.full(len(t_ms), np.nan, np.float32),
    )
    rows = rows_of(heard, distance_m=distance_m, segment=steps + first)
    spans = spans_of(steps, t_ms, n)
    return rows, [
        _segment(source.name, receiver, span, float(metres))
        for span, metres in zip(spans, distance_m[_starts(steps)], strict=True)
    ]


def _starts(steps: Int64) -> Int64:
    return np.flatnonzero(np.diff(steps, prepend=-1))


def _segment(run: str, receiver: int, span: Int64, metres: float) -> Segment:
    start, end = int(span[0]), int(span[1])
    return Segment(run, receiver, 1 - receiver, start, end, metres)
