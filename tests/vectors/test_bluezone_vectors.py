"""Captured and derived rows of the Bluezone key schedule, and its match rule."""

import hashlib
import json
from pathlib import Path

import pytest

from proximity.protocol import bluezone
from proximity.protocol.bluezone_history import HistoryRow
from proximity.protocol.bluezone_list import decode_list, match_history

HERE = Path(__file__).parent
IDS = json.loads((HERE / "bluezone_ids.json").read_text("utf-8"))
MATCH = json.loads((HERE / "bluezone_match.json").read_text("utf-8"))


@pytest.mark.parametrize("row", IDS["captured"], ids=lambda row: f"slot {row['index']}")
def test_captured_id_is_derived_with_its_slot(row):
    ids = bluezone.ephemeral_ids(bytes.fromhex(row["base_id"]), row["day_start_utc_s"])

    sent = ids[row["index"]]
    assert sent.value.hex().upper() == row["id"]
    assert sent.valid_from_ms == (row["day_start_utc_s"] + 900 * row["index"]) * 1000


@pytest.mark.parametrize(
    "row", IDS["derived"], ids=lambda row: f"{row['base']} day {row['day']}"
)
def test_derived_day_is_the_same(row):
    key = bluezone.advance_key(bytes.fromhex(row["base_hex"]), row["day"])
    ids = bluezone.derive_ephemeral_ids(key)

    assert key.hex() == row["daily_key"]
    assert [ids[slot].hex() for slot in (0, 1, 47, 95)] == [
        row["id0"],
        row["id1"],
        row["id47"],
        row["id95"],
    ]
    assert hashlib.sha256(b"".join(ids)).hexdigest() == row["sha256_of_96_ids"]


@pytest.mark.parametrize("row", MATCH["boundaries"], ids=lambda row: row["why"])
def test_without_tolerance_the_match_rule_is_that_of_bluezone(row):
    entry = {
        "daily_key": row["daily_key"],
        "time_start": row["time_start_s"],
        "time_end": row["time_end_s"],
        "max": row["max"],
    }
    keys = decode_list(json.dumps({"data": [entry]}).encode())
    heard = HistoryRow(bytes(12), bytes.fromhex(row["id"]), -60, row["t_ms"])

    assert bool(match_history(keys, [heard], tolerance_ms=0)) is row["match"]
