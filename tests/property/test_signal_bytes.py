"""Hostile files of measured signals give a named error, never another, never a hang."""

import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError
from proximity.research.datasets.catalogue import KINDS, Source, load
from proximity.research.datasets.signals import Sightings, clean, rows_of

# Each kind with files that make a whole campaign.
FILES = {
    "segments": {
        "segments.csv": b"seg_id,run,group,dist_m,label_close\n"
        b"0,a,g,1.8288,\n1,b,g,,0\n",
        "samples.csv": b"seg_id,t_s,rssi_dbm,txpower_adv\n0,0.0,-70,8\n1,1.0,-80,\n",
    },
    "static-6ft": {
        "samples.csv": b"environment,receiver,angle_deg,tx_name,t_s,rssi_dbm,"
        b"txpower_adv\nRoom,iPhone,45,TestPhone1,0.0,-57,8\n"
    },
    "edison": {
        "metadata.csv": b"testid,phoneaname,phonebname,filenamephonea,filenamephoneb\n"
        b"1,X,Y,20210101-0900-A.csv,\n",
        "phones.csv": b"name,model\nX,Apple\n",
        "20210101-0900-A.csv": b"time,rssi,distance\n2021-01-01 09:00:00,-50.0,20\n",
    },
    "human-human": {
        f"RSS_human{name}.csv": b"device,elapsed,rss,dist\nN8,900.0,-60,180\n"
        for name in ("BB", "HB", "HH", "HP", "PB", "PP")
    },
    "multichannel": {"train/Pi.csv": b"distance,rssiBLE,y\n50,-40,close\n"},
    "nist-pi": {
        "ContactTracingData_50cm_Device_A.csv": b"Timestamp,RSSI,RPI\n"
        b"1588139637.5,-45,b1020304050607080910111213141516\n"
    },
    "device-2m": {
        "Device Data.csv": b"Manufacturer,Device Name,Distance (m),Average (dBm)\n"
        b"SONY,XZ1,2,-59.54\n"
    },
    "position-tracks": {
        "tetam.dev": b'Dongles:{"aa": [[0.0, 0.0, 2.0], 1, "sensor10"]}\n',
        "walk.mbd": b"100.5,aa,bb,-77,3.0,4.0,2.0,1,0,0,0,1,0,0,0,1\n",
    },
}


def read(kind, files):
    """Read a campaign; everything but a named error is the test's failure."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        with suppress(FormatError):
            return load(Source(kind, Path(folder)))
    return None


def test_every_kind_but_the_databases_is_tried():
    assert {*FILES, "dp3t"} == set(KINDS)


@pytest.mark.parametrize("kind", FILES)
def test_the_whole_files_are_read(kind):
    (dataset,) = read(kind, FILES[kind])

    assert sum(len(each.sightings.t_ms) for each in dataset.collections) > 0


@settings(derandomize=True, deadline=None, max_examples=40)
@pytest.mark.parametrize("kind", FILES)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(kind, data):
    files = dict(FILES[kind])
    name = data.draw(st.sampled_from(sorted(files)))
    damaged = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.sampled_from(b'\x00\xff\n\r",;-.0e9n'))
    files[name] = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])

    read(kind, files)


@settings(derandomize=True, deadline=None, max_examples=40)
@pytest.mark.parametrize("kind", FILES)
@given(
    field=st.text(max_size=12) | st.sampled_from(["1e400", "-0", "nan", "1e18", "∞"])
)
def test_any_field_is_read_or_refused(kind, field):
    for name, text in FILES[kind].items():
        lines = text.decode().split("\n")
        parts = lines[-2].split(",")
        for place in range(len(parts)):
            changed = [*parts[:place], field, *parts[place + 1 :]]
            whole = "\n".join([*lines[:-2], ",".join(changed), ""])
            read(kind, {**FILES[kind], name: whole.encode("utf-8", "replace")})


TIMES = st.integers(-(10**15), 10**15)
LEVELS = st.sampled_from([0, 127, -9, -10, -120, -121, -70, float("nan"), float("inf")])


@settings(derandomize=True, deadline=None, max_examples=100)
@given(rows=st.lists(st.tuples(TIMES, LEVELS, st.integers(0, 2), st.integers(0, 2))))
def test_cleaning_orders_keeps_links_and_never_invents(rows):
    t_ms, rssi, receiver, sender = (
        (np.array(c) for c in zip(*rows, strict=True)) if (rows) else (np.zeros(0),) * 4
    )
    power = np.full(len(rows), np.nan)
    heard = clean(rows_of(Sightings(t_ms, rssi, receiver, sender, power))).sightings
    known = heard.rssi_dbm[np.isfinite(heard.rssi_dbm)]

    assert np.all(np.diff(heard.t_ms) >= 0)
    assert np.all((known >= -120) & (known <= -10))
    # Nobody who was heard is silenced.
    links = {(r, s) for _, _, r, s in rows}
    assert set(zip(heard.receiver, heard.sender, strict=True)) == links
    # Cleaning what is clean changes nothing but chains of three and more.
    assert len(heard.t_ms) <= len(rows)
