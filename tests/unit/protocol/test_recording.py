import io

import numpy as np
import pytest

from proximity.errors import FormatError, TruncatedError
from proximity.protocol import bluezone, gaen
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.protocol.recording import (
    make_recording,
    read_recording,
    recorded_sightings,
)
from proximity.protocol.recording_blocks import write_blocks
from proximity.protocol.recording_lines import write_lines
from proximity.protocol.sighting import MISSING_RSSI_DBM, Scans

ADDRESS = bytes.fromhex("a1b2c3d4e5f6")
SCANS = Scans(*np.array([[900, 5_000, -1]], np.int64).T)


def gaen_broadcast(letter, metadata=b"meta", *, flags=True, address=ADDRESS):
    data = gaen.encode_advertisement(letter * 16, metadata, flags=flags)
    return Broadcast(address, data)


HEARD = [
    (2_000, -61, gaen_broadcast(b"b")),
    (1_000, -60, gaen_broadcast(b"a")),
    (3_000, None, gaen_broadcast(b"b", flags=False)),
    (4_000, -63, Broadcast(None, bluezone.encode_advertisement(b"z" * 12))),
    (4_100, -64, Broadcast(None, b"\x02\x01\x1a")),
    (4_200, -65, Broadcast(None, b"\x05\x01")),
    (4_300, -65, Broadcast(None, b"\x05\x01")),
]


def recording():
    return make_recording(gather_receptions(HEARD), SCANS)


def test_gaen_receptions_are_gathered_by_id_in_the_order_of_time():
    encounters = recording().encounters

    assert encounters.ephemeral_id.tolist() == [[ord("a")] * 16, [ord("b")] * 16]
    assert encounters.offsets.tolist() == [0, 1, 3]
    assert encounters.t_ms.tolist() == [1_000, 2_000, 3_000]
    assert encounters.rssi_dbm.tolist() == [-60, -61, MISSING_RSSI_DBM]


def test_a_copy_of_an_id_with_other_metadata_has_its_own_row():
    heard = [
        (2_000, -60, gaen_broadcast(b"a", b"late")),
        (1_000, -60, gaen_broadcast(b"a", b"soon")),
        (3_000, -60, gaen_broadcast(b"a", b"soon")),
    ]
    encounters = make_recording(gather_receptions(heard), SCANS).encounters

    assert encounters.ephemeral_id.tobytes() == b"a" * 32
    assert encounters.metadata.tobytes() == b"soonlate"
    assert encounters.offsets.tolist() == [0, 2, 3]
    assert encounters.t_ms.tolist() == [1_000, 3_000, 2_000]


def test_what_is_not_gaen_is_counted_and_skipped():
    assert recording().skipped == {"malformed": 2, "unknown": 1, "other_scheme": 1}


def test_sightings_of_every_scheme_come_in_the_order_of_recording():
    sightings = list(recorded_sightings(recording()))

    assert [s.t_ms for s in sightings] == [2_000, 1_000, 3_000, 4_000]
    assert [s.scheme for s in sightings] == ["gaen", "gaen", "gaen", "bluezone"]
    assert [s.rssi_dbm for s in sightings] == [-61, -60, None, -63]
    assert sightings[0].ephemeral_id == b"b" * 16
    assert sightings[0].metadata == b"meta"
    assert sightings[0].address == ADDRESS


@pytest.mark.parametrize("write", [write_lines, write_blocks])
def test_both_forms_are_recognised_by_their_first_byte(write, tmp_path):
    written = recording()
    path = tmp_path / "recording"
    with path.open("wb") as stream:
        write(stream, written.receptions, written.scans)
    read = read_recording(path)

    assert read.receptions.broadcasts == written.receptions.broadcasts
    assert read.receptions.t_ms.tolist() == written.receptions.t_ms.tolist()
    assert read.scans.start_ms.tolist() == [900]
    assert read.encounters.t_ms.tolist() == [1_000, 2_000, 3_000]


def test_a_first_line_may_be_blank():
    assert len(read_recording(io.BytesIO(b'\n{"scan": [5, 9]}\n')).scans.start_ms) == 1


def test_an_empty_recording_has_no_encounters():
    found = read_recording(io.BytesIO(b""))

    assert found.encounters.offsets.tolist() == [0]
    assert found.encounters.ephemeral_id.shape == (0, 16)
    assert set(found.skipped.values()) == {0}


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"<html>\n", b"\x00" * 100])
def test_another_kind_of_file_is_refused(data):
    with pytest.raises(FormatError):
        read_recording(io.BytesIO(data))


def test_a_compressed_recording_without_its_end_is_truncated():
    with pytest.raises(TruncatedError):
        read_recording(io.BytesIO(b"\x89PXREC\n\x01"))


def test_repr_shows_neither_id_nor_address():
    text = repr(recording())

    assert text == "<Recording of 7 receptions in 1 scans>"
