"""Three weeks of an invented district, lived through the doors of a new service."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sqlalchemy import event

from proximity.authority.accounts.enrolment import mark_enrolled, new_enrolment
from proximity.authority.accounts.model import Role
from proximity.authority.accounts.officers import NewOfficer, add_officer, give_role
from proximity.authority.accounts.one_time_codes import new_secret, set_secret
from proximity.authority.accounts.organisations import add_organisation, add_root
from proximity.authority.accounts.sessions import (
    PASSKEY,
    begin_session,
    end_sessions,
)
from proximity.authority.assembly import Authority, open_authority
from proximity.authority.founding import Founded, found_authority
from proximity.authority.publish.worker import work
from proximity.authority.service_clock import TEST_TIME
from proximity.client.submission import AuthorityAddress
from proximity.research.district.agenda import Agenda
from proximity.research.district.device import Device, Far
from proximity.research.district.doors import AGENT, Doors
from proximity.research.district.office import Office
from proximity.research.district.outbreak import (
    WAVE,
    Chance,
    Patient,
    draw_late_patients,
    draw_outbreak,
)
from proximity.research.district.places import (
    AUTHORITY_NAME,
    HEALTH_AUTHORITY,
    NEWCOMER,
    PLACES,
    POSTS,
    PROVINCE,
    Post,
)
from proximity.research.district.routine import (
    browsing_story,
    import_story,
    reading_story,
    recorded_twice,
    requests_story,
    rotation_story,
    transferred,
    withdrawn,
    worker_story,
)
from proximity.research.district.stories import Aside, District, patient_story
from proximity.units import DAY_S, day_of

DEFAULT_SEED = 0
# Enough to show padding; a real district would keep the default.
_MINIMUM = "200"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of random name is made in it
_ROOM_BYTES = 256 << 20
# So many officers are signed in when the console opens.
_AT_WORK = 6
# What becomes of some cases beside their own story: of the first that was tested on a
# day, by how many days ago that was.
ASIDES: Mapping[int, Aside] = {
    17: transferred(accept=True),
    14: withdrawn(decided=True),
    12: transferred(accept=False),
    10: recorded_twice(merged=True),
    9: transferred(accept=True),
    5: recorded_twice(merged=False),
    4: transferred(accept=None),
    3: recorded_twice(merged=False),
    2: transferred(accept=None),
    1: withdrawn(decided=False),
}


def live_district(
    directory: Path,
    now_s: int,
    *,
    seed: int = DEFAULT_SEED,
    wave: Sequence[int] = WAVE,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Make an authority and let a district live with it for three weeks, until now.

    Parameters
    ----------
    directory : Path
        Is made; it is there when all is done, or not at all.
    now_s : int
        Unix seconds at which the three weeks end.
    seed : int
        The same seed and time make the same district; keys and secrets differ.
    wave : sequence of int
        Positive tests a day, of three weeks.
    progress : callable
        Called with the part that is done, 0..1.

    Raises
    ------
    ProximityError
        If the directory cannot be used, or a door refuses what it should take.
    """
    draft = directory.with_name(f".{directory.name}.new")
    with TemporaryDirectory(prefix="proximity-district-", dir=_quick_place()) as place:
        made = Path(place) / "authority"
        _live(made, now_s, seed=seed, wave=wave, progress=progress)
        try:
            shutil.copytree(made, draft)
            draft.replace(directory)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _quick_place() -> Path | None:
    """Return a folder in memory, if there is one with room.

    What acknowledges an upload or destroys a key waits for the disk, here a thousand
    times and for nobody.
    """
    there = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    has_room = there and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    return _MEMORY if has_room else None


def _live(
    directory: Path,
    now_s: int,
    *,
    seed: int,
    wave: Sequence[int],
    progress: Callable[[float], None],
) -> None:
    start_s = (day_of(now_s) - len(wave)) * DAY_S
    agenda = Agenda(start_s, now_s)
    founded = _found(directory, start_s)
    chance = np.random.default_rng([seed, 1])
    authority = replace(
        open_authority(directory, {}, clock=agenda.clock), entropy=chance.bytes
    )
    event.listen(authority.engine, "connect", _hurry)
    staff = _appoint(authority, POSTS)
    generator = np.random.default_rng(seed)
    patients = [
        *draw_outbreak(day_of(now_s), wave, generator),
        *draw_late_patients(now_s, generator),
    ]
    homes = directory.with_name("phones")
    homes.mkdir()
    with Doors(authority) as doors:
        office = Office(doors, staff, founded.admin_key, generator)
        far = Far(doors, _address(founded), generator)
        district = _district(office, far, homes, agenda)
        _plan(district, patients, now_s, {key: each[0] for key, each in staff.items()})
        agenda.run(lambda t_s: progress((t_s - start_s) / (now_s - start_s)))
        # The newcomer's invitation is fresh, and the last reads raise their alarm.
        _invite(authority, NEWCOMER)
        work(authority)
        _change_shifts(authority, [each for ids in staff.values() for each in ids])


def _found(directory: Path, start_s: int) -> Founded:
    environment = {
        TEST_TIME: str(start_s),
        "PROXIMITY_AUTHORITY_MINIMUM": _MINIMUM,
        "PROXIMITY_AUTHORITY_HEALTH_AUTHORITY_ID": HEALTH_AUTHORITY,
    }
    return found_authority(directory, environment, test=True, demo=True)


def _address(founded: Founded) -> AuthorityAddress:
    return AuthorityAddress(
        "http://localhost", founded.device_key, founded.health_authority_id
    )


def _hurry(connection: Any, _record: object) -> None:
    """Wait for no disk: what is lost with its power is made again."""
    connection.execute("PRAGMA synchronous = OFF")


def _appoint(
    authority: Authority, posts: tuple[Post, ...]
) -> dict[tuple[Role, str], list[str]]:
    """Add units and officers, set up and ready."""
    staff: dict[tuple[Role, str], list[str]] = {}
    with authority.engine.begin() as connection:
        add_root(connection, AUTHORITY_NAME)
        for place in PLACES:
            add_organisation(
                connection, place.id, place.kind, place.name, parent=place.parent
            )
        for post in posts:
            officer = authority.entropy(8).hex()
            new = NewOfficer(officer, post.email, post.name, post.unit)
            add_officer(connection, new, authority.now_s)
            give_role(connection, officer, post.role, post.unit)
            secret = new_secret(authority)
            set_secret(connection, authority, officer, secret=secret, step=0)
            mark_enrolled(connection, officer, authority.now_s)
            staff.setdefault((post.role, post.unit), []).append(officer)
    return staff


def _invite(authority: Authority, post: Post) -> None:
    with authority.engine.begin() as connection:
        officer = authority.entropy(8).hex()
        new = NewOfficer(officer, post.email, post.name, post.unit)
        add_officer(connection, new, authority.now_s)
        give_role(connection, officer, post.role, post.unit)
        new_enrolment(connection, authority, officer)


def _change_shifts(authority: Authority, officers: list[str]) -> None:
    """End every session: who knows the seed knows its token. Some begin anew."""
    unknown = replace(authority, entropy=os.urandom)
    with authority.engine.begin() as connection:
        for officer in officers:
            end_sessions(connection, officer, authority.now_s)
        for officer in officers[:_AT_WORK]:
            begin_session(connection, unknown, officer, proof=PASSKEY, agent=AGENT)


def _district(office: Office, far: Far, homes: Path, agenda: Agenda) -> District:
    numbers = count()
    return District(
        agenda=agenda,
        office=office,
        chance=Chance(far.generator),
        new_device=lambda: Device(homes / str(next(numbers)), far),
    )


def _plan(
    district: District,
    patients: Sequence[Patient],
    now_s: int,
    first: Mapping[tuple[Role, str], str],
) -> None:
    """Take up everything that happens in the three weeks."""
    start_s, today = district.now_s, day_of(now_s)
    people = {
        "lost": first[Role.TRACER, "m0-1-4"],
        "raised": first[Role.EPIDEMIOLOGIST, PROVINCE],
        "odd": first[Role.TRACER, "m0-1-3"],
    }
    stories = [
        worker_story(district, start_s, now_s),
        reading_story(district, start_s + 10 * 3_600),
        rotation_story(district, (today - 9) * DAY_S + 8_000),
        requests_story(district, now_s - 20 * 3_600, people),
        import_story(district, (today - 6) * DAY_S + 20_000),
        # Alarms are about one UTC day: it must not lie on both sides of midnight.
        browsing_story(district, max(now_s - 180, today * DAY_S), now_s),
    ]
    for each in patients:
        aside = ASIDES.get(today - each.test_day) if each.place == 0 else None
        stories.append(patient_story(district, each, aside))
    for story in stories:
        district.agenda.begin(story)
