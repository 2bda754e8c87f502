"""What a verified export changes on a device."""

import io

from proximity.client.exposures import match_export, store_findings, stored_windows
from proximity.matching.candidates import EncounterIndex
from proximity.matching.policy import DEFAULT_POLICY, MatchContext
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.store.connection import transaction
from proximity.store.encounters import read_encounters
from proximity.store.exposures import read_exposures
from proximity.store.scans import read_scans

TUESDAY = 20_774
CASE, OTHER_CASE = bytes(range(16)), bytes(range(16, 32))
ALL = (0, 2**43)


def take_in(device, authority, *keys, revised=()):
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
