"""Marked figures of a month, so that charts and monitors have something to show."""

import math

from console_world import World
from sqlalchemy import insert

from proximity.authority.publish.batch_model import batches, files
from proximity.authority.upload.model import exposures
from proximity.authority.verification.model import daily_counts
from proximity.units import DAY_S, day_of

_DELAYS = (4, 31, 52, 40, 22, 11, 7, 4, 2, 1, 1, 0, 0, 0, 1)


def fill(world: World) -> None:
    """Add thirty days of counts and a dozen batches."""
    authority = world.authority
    today = day_of(authority.now_s)
    counts = []
    for back in range(30):
        issued = int(40 + 25 * math.sin(back / 4) + 2 * (30 - back))
        claimed = int(issued * (0.62 + 0.1 * math.cos(back)))
        figures = {
            "codes_issued": issued,
            "codes_claimed": claimed,
            "codes_invalid": issued // 9,
            "tokens_claimed": claimed - 2,
            "keys_published": 13 * claimed,
            "revisions": back % 4,
            "codes_issued@02641": issued // 4,
            "codes_claimed@02641": claimed // 4,
        }
        # Today's issued codes are those that were planted.
        counts += [
            {"day": today - back - 1, "name": name, "count": count}
            for name, count in figures.items()
        ]
    counts += [
        {
            "day": today - 1,
            "name": f"test_to_publication_days_{days}",
            "count": count,
        }
        for days, count in enumerate(_DELAYS)
    ]
    with authority.engine.begin() as connection:
        connection.execute(insert(daily_counts), counts)
        for number in range(1, 13):
            _add_batch(connection, number, authority.now_s - (12 - number) * 7_200)
        connection.execute(
            insert(exposures),
            [_key(each, None, authority.now_s + DAY_S // 3) for each in range(37)],
        )


def _add_batch(connection: object, number: int, end_s: int) -> None:
    row = {"number": number, "start_s": end_s - 7_200, "end_s": end_s, "state": "shown"}
    row |= {"uploaded": 15 * number, "invented": 5 * number}
    connection.execute(insert(batches), [row])
    connection.execute(
        insert(files),
        [{"name": f"{number}.zip", "batch": number, "end_s": end_s, "data": None}],
    )
    keys = [_key(1_000 * number + each, number, end_s) for each in range(20 * number)]
    connection.execute(insert(exposures), keys)


def _key(place: int, batch: int | None, release_s: int) -> dict[str, object]:
    return {
        "key": place.to_bytes(16, "big"),
        "start": 2_900_000,
        "period": 144,
        "report_type": 1,
        "onset_days": 0,
        "risk": 0,
        "region": "VN",
        "traveler": False,
        "origin": "padding" if place % 4 == 0 and batch else "upload",
        "release_s": release_s,
        "batch": batch,
        "forget_s": release_s + 14 * DAY_S,
    }
