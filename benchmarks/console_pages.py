"""How long the server needs for every page of the console in a large epidemic.

100,000 cases and a million contacts, with their persons sealed, as `console_authority`
makes them. Every page, part of a page and small table of the registry is asked for by
officers of the whole authority, of a province, a district and a commune, one request
after the other, in the process of the service: what is measured is the time from a
request to the last byte of its answer, by the clock and as processor time of the
process, with the number of statements. Before that, lists are compared with what a
plain query over all rows finds. Long tables are measured as rows a second and memory.

    python benchmarks/console_pages.py [--cases N] [--keep DIR] [--postgres]
        [--only PAGE] [--turns N] [--json FILE]

A folder that is kept is used again by the next run.
"""

import argparse
import gc
import json
import os
import platform
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from authority_postgres import Postgres
from console_answers import check_lists, check_searches
from console_asking import Asker, Request, requests_of, viewers
from console_authority import Filled, open_filled
from sqlalchemy import Engine, event

from proximity.authority.service.app import ServiceApp
from proximity.authority.service.run import _COLLECT_AFTER

CASES = 100_000
TURNS = 40
WARM = 3
PAGE_MS, SEARCH_MS = 50.0, 100.0


class Figure(NamedTuple):
    """What one kind of request took, milliseconds."""

    page: str
    who: str
    queries: int
    p50: float
    p95: float
    cpu_p50: float
    cpu_p95: float
    is_search: bool

    @property
    def is_met(self) -> bool:
        """Tell whether the bound is kept by the clock."""
        return self.p95 <= (SEARCH_MS if self.is_search else PAGE_MS)


def main() -> None:
    """Measure, print the worst first, and write the figures to a file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--only", default="", help="pages whose name begins with it")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = arguments.keep or Path(folder) / "authority"
        filled = open_filled(place, arguments.cases)
        postgres = Postgres() if arguments.postgres else None
        try:
            if postgres:
                filled = filled.moved_to(postgres.url)
            figures = measure(filled, arguments, postgres)
        finally:
            if postgres:
                postgres.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(
    filled: Filled, arguments: argparse.Namespace, postgres: Postgres | None
) -> dict[str, Any]:
    """Check what pages show, then take times."""
    asker = Asker(ServiceApp(filled.authority, {}))
    drawn = random.Random(1)
    if not arguments.only:
        check_lists(filled, asker)
        check_searches(filled, asker)
        print("lists and searches are what a plain look at all rows finds")
    # As the service does when it begins to listen.
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    load = [os.getloadavg()[0]]
    figures = []
    for viewer in viewers(filled):
        for request in requests_of(filled, viewer, drawn):
            if request.page.startswith(arguments.only):
                figures.append(take_times(asker, request, arguments.turns, postgres))
    load.append(os.getloadavg()[0])
    figures.sort(key=lambda each: -each.p95)
    print_table(figures)
    tables = [] if arguments.only else [*long_tables(filled, asker)]
    filled.authority.engine.dispose()
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}",
        "database": filled.authority.engine.dialect.name,
        "cases": arguments.cases,
        "load": load,
        "pages": [each._asdict() for each in figures],
        "tables": tables,
    }


def take_times(
    asker: Asker, request: Request, turns: int, postgres: Postgres | None
) -> Figure:
    """Ask so many times, each for another thing where there are several."""
    passed, worked, counts = [], [], Counter[int]()
    with counting() as asked:
        for turn in range(WARM + turns):
            path = request.paths[turn % len(request.paths)]
            asked.clear()
            before = time.process_time() + (postgres.cpu_s() if postgres else 0)
            begun = time.perf_counter()
            seen = asker.get(path, request.token)
            took = time.perf_counter() - begun
            after = time.process_time() + (postgres.cpu_s() if postgres else 0)
            assert seen.status == 200, (request.page, path, seen.status)
            if turn >= WARM:
                passed.append(took)
                worked.append(after - before)
                counts[len(asked)] += 1
    return Figure(
        request.page,
        request.who,
        max(counts),
        *percentiles(passed),
        *percentiles(worked),
        request.is_search,
    )


@contextmanager
def counting() -> Iterator[list[str]]:
    """Note every statement that any database is asked, the key store too."""
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """Return median and 95th percentile, milliseconds."""
    cuts = statistics.quantiles(seconds, n=20)
    return round(1e3 * cuts[9], 1), round(1e3 * cuts[18], 1)


def print_table(figures: list[Figure]) -> None:
    """Print the worst first."""
    line = "{:34} {:24} {:>7} {:>7} {:>7} {:>7} {:>7} {}"
    heads = ("page", "who", "queries", "p50", "p95", "cpu50", "cpu95", "")
    print(line.format(*heads))
    for each in figures:
        print(line.format(*each[:7], "" if each.is_met else "TOO LONG"))
    print(f"{sum(each.is_met for each in figures)} of {len(figures)} within the bound")


def long_tables(filled: Filled, asker: Asker) -> Iterator[dict[str, Any]]:
    """Take the line list of everything: rows a second, and what memory it needs."""
    viewer = viewers(filled)[0]
    before = _resident_mb()
    begun, cpu = time.perf_counter(), time.process_time()
    most = [before]

    def look() -> None:
        most[0] = max(most[0], _resident_mb())

    path = "/console/cases.csv"
    rows, first_s = asker.count_lines(path, viewer.token, look)
    took, worked = time.perf_counter() - begun, time.process_time() - cpu
    found = {
        "rows": rows,
        "seconds": round(took, 1),
        "first_byte_s": round(first_s, 3),
        "rows_per_s": round(rows / took),
        "rows_per_cpu_s": round(rows / worked),
        "memory_grown_mb": round(most[0] - before, 1),
    }
    print("line list of everything:", found)
    yield found


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
