"""The 144 published rows of the gaen scheme."""

import json
from pathlib import Path

import numpy as np
import pytest

from proximity.protocol import gaen

VECTOR = json.loads(
    Path(__file__).with_name("gaen_ephemeral_ids.json").read_text("utf-8")
)
KEY = bytes.fromhex(VECTOR["key"])
ROWS = [
    (bytes.fromhex(row["ephemeral_id"]), bytes.fromhex(row["encrypted_metadata"]))
    for row in VECTOR["advertised"]
]


def test_all_144_ids_are_the_published_ones():
    ids = gaen.derive_ephemeral_ids(KEY, VECTOR["start_interval"], VECTOR["period"])

    assert ids.dtype == np.uint8
    assert [row.tobytes() for row in ids] == [ephemeral_id for ephemeral_id, _ in ROWS]


@pytest.mark.parametrize("period", [1, 50, 143])
def test_a_shorter_period_gives_the_first_of_the_published_ids(period):
    ids = gaen.derive_ephemeral_ids(KEY, VECTOR["start_interval"], period)

    assert [row.tobytes() for row in ids] == [row[0] for row in ROWS[:period]]


def test_metadata_encrypts_to_the_published_bytes():
    metadata = gaen.encode_metadata(
        VECTOR["tx_power_dbm"], version=tuple(VECTOR["version"])
    )

    assert metadata.hex() == VECTOR["metadata"]
    assert [gaen.encrypt_metadata(KEY, row[0], metadata) for row in ROWS] == [
        row[1] for row in ROWS
    ]


def test_published_metadata_decrypts_to_its_transmit_power():
    for ephemeral_id, encrypted in ROWS:
        metadata = gaen.decrypt_metadata(KEY, ephemeral_id, encrypted)

        assert gaen.decode_metadata(metadata) == gaen.Metadata(
            (1, 0), gaen.CalibrationConfidence.LOWEST, VECTOR["tx_power_dbm"]
        )
