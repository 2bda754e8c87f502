"""Key files that an officer hands in at a service."""

import os
from dataclasses import replace

import pytest

from proximity.authority.publish.key_files import publish_key_files
from proximity.errors import InvalidUploadError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.key_file import KeyFile, UploadedKey


@pytest.fixture
def key_file(authority) -> KeyFile:
    """Return a file of two keys that are free and one of today."""
    day = authority.now_s // 86_400
    return KeyFile(
        tuple(UploadedKey(os.urandom(16), (day - n) * 144) for n in range(3))
    )


def revoked(key_file: KeyFile) -> KeyFile:
    keys = tuple(replace(k, report_type=ReportType.REVOKED) for k in key_file.keys)
    return replace(key_file, keys=keys)


def test_keys_go_out_and_the_one_of_today_waits(authority, key_file):
    report = publish_key_files(authority, [key_file])

    assert (report.keys, report.held_back, report.repeated) == (2, 1, 0)
    assert 18 <= report.padding <= 20
    for name in report.files:
        assert (authority.directory / "exports" / name).exists()


def test_a_file_twice_changes_nothing(authority, key_file):
    publish_key_files(authority, [key_file])
    report = publish_key_files(authority, [key_file])

    assert (report.keys, report.repeated, report.files) == (0, 3, ())


def test_a_revocation_goes_out_among_the_revised(authority, key_file):
    publish_key_files(authority, [key_file])
    report = publish_key_files(authority, [revoked(key_file)])

    assert (report.keys, report.revised, report.held_back) == (0, 2, 0)


def test_nothing_is_accepted_if_one_file_is_wrong(authority, key_file):
    wrong = KeyFile((UploadedKey(b"short", 144),))
    with pytest.raises(InvalidUploadError, match="Key file 2 of 2"):
        publish_key_files(authority, [key_file, wrong])
    with pytest.raises(InvalidUploadError, match="Key file 1 of 1"):
        publish_key_files(authority, [revoked(key_file)])

    assert publish_key_files(authority, []).held_back == 0


def test_a_file_of_another_region_is_refused(authority, key_file):
    with pytest.raises(InvalidUploadError, match="it is for FR"):
        publish_key_files(authority, [replace(key_file, region="FR")])
