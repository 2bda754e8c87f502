"""What a verified export changes on a device."""

import io

import pytest

from proximity.client.exposures import match_export, store_findings, stored_windows
from proximity.matching.candidates import EncounterIndex
from proximity.matching.policy import DEFAULT_POLICY, MatchContext
from proximity.protocol import export_body
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.store.connection import transaction
from proximity.store.encounters import read_encounters
from proximity.store.exposures import read_exposures
from proximity.store.scans import read_scans

TUESDAY = 20_774
CASE, OTHER_CASE = bytes(range(16)), bytes(range(16, 32))
ALL = (0, 2**43)


def take_in(device, authority, *keys, revised=(), progress=None):
    name = authority.publish(*keys, revised=revised)
    export = open_export(io.BytesIO(authority.files[name])).verify(
        [authority.verification_key]
    )
    findings = match_export(
        export,
        EncounterIndex(
            read_encounters(device.connection, *ALL), DEFAULT_POLICY.tolerance_intervals
        ),
        read_scans(device.connection, *ALL),
        context=MatchContext(published_s=export.end_s, now_s=int(device.now_s)),
        policy=DEFAULT_POLICY,
        progress=progress,
    )
    with transaction(device.connection):
        store_findings(device.connection, device.sealing, findings)
    return findings


def test_a_met_key_becomes_one_exposure_with_its_windows(
    device, authority, diagnosis_key
):
    device.meet(CASE, 45)

    findings = take_in(
        device, authority, diagnosis_key(CASE), diagnosis_key(OTHER_CASE)
    )

    (exposure,) = findings.exposures
    assert exposure.day == TUESDAY
    windows = stored_windows(device.connection, device.sealing, TUESDAY)
    assert len(windows) == 2
    assert windows == findings.result.windows


def test_windows_of_two_cases_are_kept_apart_whatever_their_export(
    device, authority, diagnosis_key
):
    device.meet(CASE, 20)
    device.meet(OTHER_CASE, 20)
    take_in(device, authority, diagnosis_key(CASE))
    take_in(device, authority, diagnosis_key(OTHER_CASE))

    windows = stored_windows(device.connection, device.sealing, TUESDAY)

    assert {window.key_index for window in windows} == {0, 1}


def test_a_key_in_both_lists_counts_as_revised(device, authority, diagnosis_key):
    device.meet(CASE, 20)
    said = diagnosis_key(CASE, report_type=ReportType.SELF_REPORT)

    take_in(device, authority, said, revised=(diagnosis_key(CASE),))

    windows = stored_windows(device.connection, device.sealing, TUESDAY)
    assert {w.report_type for w in windows} == {ReportType.CONFIRMED_TEST}


def test_a_confirmed_test_is_never_lowered_to_a_self_report(
    device, authority, diagnosis_key
):
    device.meet(CASE, 20)
    take_in(device, authority, diagnosis_key(CASE))
    said = diagnosis_key(CASE, report_type=ReportType.SELF_REPORT)
    take_in(device, authority, revised=(said,))

    windows = stored_windows(device.connection, device.sealing, TUESDAY)
    assert {w.report_type for w in windows} == {ReportType.CONFIRMED_TEST}


def test_a_revocation_is_final(device, authority, diagnosis_key):
    device.meet(CASE, 20)
    take_in(device, authority, diagnosis_key(CASE))
    revoked = diagnosis_key(CASE, report_type=ReportType.REVOKED)
    take_in(device, authority, revised=(revoked,))
    take_in(device, authority, diagnosis_key(CASE))

    assert stored_windows(device.connection, device.sealing, TUESDAY) == []
    (left,) = read_exposures(device.connection, device.sealing, TUESDAY)
    assert left.report_type is ReportType.REVOKED


def test_windows_before_the_asked_day_are_left_out(device, authority, diagnosis_key):
    device.meet(CASE, 20)
    take_in(device, authority, diagnosis_key(CASE))

    assert stored_windows(device.connection, device.sealing, TUESDAY + 1) == []


def test_a_revocation_of_keys_that_were_never_heard_leaves_nothing(
    device, authority, diagnosis_key
):
    device.meet(CASE, 20)
    revoked = diagnosis_key(OTHER_CASE, report_type=ReportType.REVOKED)

    take_in(device, authority, revised=(revoked,))

    assert read_exposures(device.connection, device.sealing, 0) == []


def test_a_revocation_reaches_an_exposure_whose_sightings_are_gone(
    device, authority, diagnosis_key
):
    device.meet(CASE, 20)
    take_in(device, authority, diagnosis_key(CASE))
    device.connection.execute("DELETE FROM encounters")
    revoked = diagnosis_key(CASE, report_type=ReportType.REVOKED)
    take_in(device, authority, revised=(revoked,))

    assert stored_windows(device.connection, device.sealing, TUESDAY) == []


@pytest.fixture
def one_key_a_block(monkeypatch):
    # A record of these keys is 28 or 30 bytes long.
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", 30)


def test_keys_in_many_blocks_mean_what_they_mean_in_one(
    device, authority, diagnosis_key, monkeypatch
):
    device.meet(CASE, 20)
    device.meet(OTHER_CASE, 20)
    strangers = [diagnosis_key(bytes([i]) * 16) for i in range(100, 120)]
    first = diagnosis_key(CASE, report_type=ReportType.SELF_REPORT)
    withdrawn = diagnosis_key(OTHER_CASE, report_type=ReportType.REVOKED)
    keys = (*strangers, first, diagnosis_key(OTHER_CASE))
    revised = (*strangers[:3], withdrawn, diagnosis_key(CASE))

    whole = take_in(device, authority, *keys, revised=revised)
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", 30)
    parts = take_in(device, authority, *keys, revised=revised)

    def said(exposures):
        return [(e.key_digest, e.report_type, e.day, e.windows) for e in exposures]

    assert (len(whole.exposures), len(whole.revoked)) == (2, 1)
    assert parts.result == whole.result
    assert said(parts.exposures) == said(whole.exposures)
    assert said(parts.revoked) == said(whole.revoked)
    assert parts.revoked_digests == whole.revoked_digests


def test_progress_tells_the_keys_done_and_all_there_are(
    device, authority, diagnosis_key, one_key_a_block
):
    told = []

    take_in(
        device,
        authority,
        *(diagnosis_key(bytes([i]) * 16) for i in range(4)),
        revised=(diagnosis_key(CASE), diagnosis_key(OTHER_CASE)),
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(done, 6) for done in range(1, 7)]


class CancelledError(Exception):
    """What a caller raises who has waited long enough."""


def test_a_cancelled_match_stores_nothing(
    device, authority, diagnosis_key, one_key_a_block
):
    device.meet(CASE, 20)
    take_in(device, authority, diagnosis_key(OTHER_CASE))
    before = list(device.connection.iterdump())

    def cancel(done, total):
        if done == 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        take_in(
            device,
            authority,
            *(diagnosis_key(key) for key in (CASE, OTHER_CASE, bytes(16))),
            progress=cancel,
        )

    assert list(device.connection.iterdump()) == before
