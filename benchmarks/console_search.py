"""How long an officer waits for names among 100,000 cases and a million contacts.

Persons with Vietnamese names, surnames as frequent as in the country, in 152 communes
are sealed and stored as the service does it. A query is what the console does for one
search: hash, line in the audit (synced to disk), find, line in the audit, open the
names of the first page. Asked by an officer of the whole province and by one of a
commune; as time that passed, and as time of the processor, which a machine with other
work to do does not lengthen. Before any time is taken, the answers to a sample are
compared with a plain search over the names that were put in.

    python benchmarks/console_search.py [--persons N] [--json FILE]
"""

import argparse
import json
import platform
import random
import sqlite3
import statistics
import tempfile
import time
import unicodedata
from pathlib import Path

from proximity.authority.assembly import Authority, open_authority
from proximity.authority.audit.model import Reader, Reason
from proximity.authority.founding import found_authority
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import add_people
from proximity.authority.people.search import Query, find_people

PERSONS = 1_100_000
CASES_OF = 11
COMMUNES = 152
BLOCK = 20_000
QUERIES = 200
PAGE = 50
SEED = 20
# Percent of the population, rounded; the rest is spread over rare ones.
SURNAMES = {
    "Nguyễn": 38,
    "Trần": 12,
    "Lê": 10,
    "Phạm": 7,
    "Hoàng": 5,
    "Phan": 4,
    "Vũ": 4,
    "Võ": 3,
    "Đặng": 3,
    "Bùi": 2,
    "Đỗ": 2,
    "Hồ": 2,
    "Ngô": 2,
    "Dương": 1,
    "Lý": 1,
    "Vàng": 1,
    "Giàng": 1,
    "Sùng": 1,
    "Tẩn": 1,
}
MIDDLE = {"Thị": 32, "Văn": 30, "Đức": 6, "Hữu": 5, "Ngọc": 8, "Minh": 8, "Thu": 6}
GIVEN = """
Anh Bình Chi Cường Dũng Dung Giang Hà Hải Hạnh Hiền Hiếu Hoa Hoà Hùng Hương Huy Khánh
Lan Linh Long Mai Minh Nam Nga Ngọc Nhung Phong Phúc Phương Quân Quang Quỳnh Sơn Tâm
Thảo Thắng Thanh Thuý Trang Trung Tú Tuấn Tùng Uyên Vân Việt Vinh Yến Ánh
"""
GIVEN_NAMES = GIVEN.split()


def main() -> None:
    """Measure, print a table, and write the figures to a file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=PERSONS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder) / "authority", arguments.persons)
    for name, value in figures.items():
        print(f"{name:32} {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(directory: Path, count: int) -> dict[str, object]:
    """Fill a new authority and search in it."""
    found_authority(directory, {}, test=True)
    authority = open_authority(directory, {})
    drawn = random.Random(SEED)
    names = [draw_name(drawn) for _ in range(count)]
    units = [f"10-{drawn.randrange(COMMUNES):03}" for _ in range(count)]
    begun = time.perf_counter()
    numbers = fill(authority, names, units)
    fill_s = time.perf_counter() - begun
    province, commune = frozenset(units), frozenset((units[0],))
    check(authority, numbers, names, units)
    times = {
        name: ask(authority, scope, names, drawn)
        for name, scope in (("province", province), ("commune", commune))
    }
    sizes = {each.name: each.stat().st_size for each in directory.glob("*.sqlite")}
    authority.engine.dispose()
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}",
        "persons": count,
        "stored_per_s": round(count / fill_s),
        **{
            f"{scope}_{name}_ms": round(value, 2)
            for scope, measured in times.items()
            for name, value in measured.items()
        },
        **{f"bytes_of_{name}": size for name, size in sizes.items()},
    }


def draw_name(drawn: random.Random) -> str:
    """Return a full name."""
    surname = drawn.choices([*SURNAMES], [*SURNAMES.values()])[0]
    middle = drawn.choices([*MIDDLE], [*MIDDLE.values()])[0]
    given = drawn.choice(GIVEN_NAMES)
    extra = [drawn.choice(GIVEN_NAMES)] if drawn.random() < 0.3 else []
    return " ".join((surname, middle, *extra, given))


def fill(authority: Authority, names: list[str], units: list[str]) -> list[int]:
    """Store all persons in transactions of a block each; return their numbers."""
    numbers: list[int] = []
    for at in range(0, len(names), BLOCK):
        people = [
            NewPerson(
                unit,
                PersonKind.CASE if place % CASES_OF == 0 else PersonKind.CONTACT,
                {
                    PersonField.NAME: name,
                    PersonField.PHONE: f"09{at + place:08}",
                    PersonField.ADDRESS: f"Thôn {place % 30}, xã {unit}",
                },
            )
            for place, (name, unit) in enumerate(
                zip(names[at : at + BLOCK], units[at : at + BLOCK], strict=True)
            )
        ]
        with authority.engine.begin() as connection:
            numbers += add_people(authority, connection, people)
    return numbers


def check(
    authority: Authority, numbers: list[int], names: list[str], units: list[str]
) -> None:
    """Compare answers with a search over the names themselves."""
    reader = Reader("bench", "10", frozenset(units), Reason.REPORTING)
    for sought in ("Giàng Ánh", "tan uyen", "vang yen hoa", names[7]):
        words = set(plain(sought).split())
        fits = [words <= set(plain(name).split()) for name in names]
        wanted = {n for n, fit in zip(numbers, fits, strict=True) if fit}
        found = find_people(
            authority, reader, Query(PersonField.NAME, sought), limit=200
        )
        assert set(found.persons) <= wanted
        assert found.more or set(found.persons) == wanted


def ask(
    authority: Authority, scope: frozenset[str], names: list[str], drawn: random.Random
) -> dict[str, float]:
    """Return how long searches took: full names, two words, one word, numbers."""
    reader = Reader("bench", "10", scope, Reason.REPORTING)
    passed, worked = [], []
    for at in range(QUERIES):
        words = drawn.choice(names).split()
        text = " ".join((words, words[::-1], [words[0], words[-1]], words[-1:])[at % 4])
        exact = at % 3 == 0
        query = Query(PersonField.NAME, text if exact else plain(text), exact=exact)
        if at % 10 == 9:
            query = Query(PersonField.PHONE, f"09{drawn.randrange(len(names)):08}")
        begun, cpu = time.perf_counter(), time.thread_time()
        found = find_people(authority, reader, query, limit=PAGE)
        read_people(authority, reader, found.persons, [PersonField.NAME])
        passed.append(time.perf_counter() - begun)
        worked.append(time.thread_time() - cpu)
    return summary(passed, "") | summary(worked, "cpu_")


def plain(text: str) -> str:
    """Return a text without case and diacritics."""
    parts = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def summary(times: list[float], kind: str) -> dict[str, float]:
    """Return median, 95th percentile and longest in milliseconds."""
    cuts = statistics.quantiles(times, n=20)
    return {
        f"{kind}p50": 1e3 * cuts[9],
        f"{kind}p95": 1e3 * cuts[18],
        f"{kind}max": 1e3 * max(times),
    }


if __name__ == "__main__":
    main()
