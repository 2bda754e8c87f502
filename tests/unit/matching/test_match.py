"""The straight part of the line: one case, one evening, every refusal."""

from dataclasses import replace

import numpy as np
import pytest
from one_evening import (
    CONTEXT,
    DAY,
    EVENING_S,
    KEY,
    MIDNIGHT_S,
    NO_SCANS,
    PUBLISHED_S,
    heard,
    keys_of,
    match,
    met,
    scans_at,
)

from proximity.errors import BadSignatureError
from proximity.matching.candidates import EncounterIndex
from proximity.matching.exposure_window import Infectiousness, ScanInstance
from proximity.matching.match import match_keys
from proximity.matching.policy import MatchContext, MatchPolicy
from proximity.protocol.diagnosis_key import NO_ONSET, ReportType
from proximity.protocol.gaen import (
    CalibrationConfidence,
)
from proximity.protocol.sighting import group_encounters


def test_an_altered_copy_changes_nothing_about_the_true_sightings():
    # Whoever repeats an ID at once with other metadata is heard first; the copy
    # that claims 21 dBm is refused, the attenuation of the others stays 50 dB.
    copy = heard(EVENING_S, tx_power_dbm=21)
    result = match([copy, heard(EVENING_S + 1), heard(EVENING_S + 2)])

    (window,) = result.windows
    assert met(result) == {"bad_tx_power": 1}
    assert window.tx_power_dbm == -10
    assert window.scans[0].min_attenuation_db == 50


def test_two_scans_become_one_window_with_their_attenuations():
    # tx -10: attenuations 50, 52 and 53 in the first scan (mean 51.67 -> 52),
    # 60 and 61 in the second (mean 60.5 -> 61, half up).
    # Minutes of the scans: 20:00 and 20:05, so 5 minutes since the last one.
    scans = scans_at(EVENING_S, EVENING_S + 300)
    result = match(
        [
            heard(EVENING_S + 1, -60),
            heard(EVENING_S + 2, -62),
            heard(EVENING_S + 3, -63),
            heard(EVENING_S + 301, -70),
            heard(EVENING_S + 302, -71),
        ],
        scans,
    )

    (window,) = result.windows
    assert met(result) == {}
    assert (window.day, window.key_index) == (DAY, 0)
    assert window.report_type is ReportType.CONFIRMED_TEST
    assert window.infectiousness is Infectiousness.HIGH
    assert window.calibration_confidence is CalibrationConfidence.MEDIUM
    assert window.tx_power_dbm == -10
    assert window.scans == (
        ScanInstance(EVENING_S, 50, 52, 120),
        ScanInstance(EVENING_S + 300, 60, 61, 300),
    )
    assert window.series[0] == (EVENING_S + 1.0, -60)
    assert len(window.series) == 5


def test_sightings_of_several_ids_of_a_key_are_one_window():
    # The ID changes at 20:10, within the window of 20:05.
    scans = scans_at(EVENING_S + 300, EVENING_S + 600)
    result = match([heard(EVENING_S + 301), heard(EVENING_S + 601)], scans)

    (window,) = result.windows
    assert [scan.seconds_since_last_scan for scan in window.scans] == [120, 300]


def test_a_key_that_nobody_heard_gives_nothing():
    result = match([heard(EVENING_S)], keys=keys_of(bytes(16)))

    assert result.windows == []
    assert met(result) == {}


@pytest.mark.parametrize(("late_s", "counts"), [(7_200, True), (7_800, False)])
def test_a_clock_may_differ_by_two_hours(late_s, counts):
    # 12 intervals beside the ID's own are accepted, 13 are not.
    late = match([heard(EVENING_S + late_s, sent_s=EVENING_S)])
    early = match([heard(EVENING_S - late_s, sent_s=EVENING_S)])

    assert [bool(late.windows), bool(early.windows)] == [counts, counts]


def test_the_tolerance_reaches_over_midnight():
    # The last ID of the day, heard at 01:55 of the next by a clock that is fast.
    last_id_s = MIDNIGHT_S + 86_400 - 600
    result = match([heard(last_id_s + 7_200, sent_s=last_id_s)])

    (window,) = result.windows
    assert window.day == DAY + 1


def test_several_keys_with_one_start_are_matched_each():
    other = bytes(range(16, 32))
    keys = keys_of(KEY, other)
    result = match([heard(EVENING_S), heard(EVENING_S + 60, key=other)], keys=keys)

    assert [window.key_index for window in result.windows] == [0, 1]


def test_key_index_and_progress_count_through_all_blocks():
    told = []
    blocks = [keys_of(bytes(16), bytes(15) + b"\1"), keys_of(), keys_of(KEY)]
    result = match([heard(EVENING_S)], keys=iter(blocks), progress=told.append)

    assert [window.key_index for window in result.windows] == [2]
    assert result.met_keys == {2: KEY}
    assert str(KEY) not in repr(result)
    assert told == [2, 2, 3]


def test_an_id_is_replayed_more_than_twenty_minutes_after_its_first_sighting():
    # The first at 20:00, the limit at 20:20:00.000; all within two hours of the ID.
    sightings = [
        heard(EVENING_S + delay_s, sent_s=EVENING_S)
        for delay_s in (0, 1_200, 1_200.001, 3_000)
    ]
    result = match(sightings)

    assert [len(window.series) for window in result.windows] == [2]
    assert met(result) == {"replayed": 2}


def test_a_replay_is_counted_across_the_encounters_of_an_id():
    first, late = heard(EVENING_S), heard(EVENING_S + 1_500, sent_s=EVENING_S)
    rows = [group_encounters([sighting]) for sighting in (first, late)]
    encounters = rows[0]._replace(
        ephemeral_id=np.concatenate([row.ephemeral_id for row in rows]),
        metadata=np.concatenate([row.metadata for row in rows]),
        offsets=np.array([0, 1, 2]),
        t_ms=np.concatenate([row.t_ms for row in rows]),
        rssi_dbm=np.concatenate([row.rssi_dbm for row in rows]),
    )
    result = match_keys(
        keys_of(KEY), EncounterIndex(encounters, 12), NO_SCANS, context=CONTEXT
    )

    assert met(result) == {"replayed": 1}


def test_a_sighting_beside_its_time_cannot_make_the_others_replayed():
    # Three hours early: refused for its time, and no first sighting.
    early = heard(EVENING_S - 10_800, sent_s=EVENING_S)
    result = match([early, heard(EVENING_S)])

    assert len(result.windows) == 1
    assert met(result) == {"outside_tolerance": 1}


@pytest.mark.parametrize(
    ("tx_power_dbm", "counts"), [(-51, 0), (-50, 1), (20, 1), (21, 0)]
)
def test_transmit_power_is_believed_from_minus_50_to_20(tx_power_dbm, counts):
    result = match([heard(EVENING_S, tx_power_dbm=tx_power_dbm)])

    assert len(result.windows) == counts
    assert result.refused["bad_tx_power"] == 1 - counts


def test_metadata_of_an_unknown_version_is_refused():
    sighting = heard(EVENING_S)
    garbled = bytes((sighting.metadata[0] ^ 0x80, *sighting.metadata[1:]))
    result = match([replace(sighting, metadata=garbled)])

    assert result.windows == []
    assert met(result) == {"bad_metadata": 1}


def test_metadata_1_0_carries_no_confidence():
    (window,) = match([heard(EVENING_S, version=(1, 0))]).windows

    assert window.calibration_confidence is CalibrationConfidence.LOWEST


def test_a_sighting_without_rssi_has_no_attenuation():
    result = match([heard(EVENING_S, None), heard(EVENING_S + 1, -60)])

    (window,) = result.windows
    assert window.series == ((EVENING_S + 1.0, -60),)
    assert met(result) == {"missing_rssi": 1}


def test_received_power_above_the_transmitted_is_no_attenuation():
    (window,) = match([heard(EVENING_S, -5, tx_power_dbm=-20)]).windows

    assert window.scans[0].min_attenuation_db == 0


def test_the_correction_of_the_receiver_shifts_the_attenuation():
    policy = MatchPolicy(rssi_correction_db=4)
    (window,) = match([heard(EVENING_S, -60)], policy=policy).windows

    assert window.scans[0].min_attenuation_db == -10 - (-60 + 4)


@pytest.mark.parametrize(("ended_before_s", "counts"), [(7_199, False), (7_200, True)])
def test_a_key_that_is_still_accepted_when_published_is_refused(ended_before_s, counts):
    published_s = MIDNIGHT_S + 86_400 + ended_before_s
    context = MatchContext(published_s, published_s + 86_400)
    result = match([heard(EVENING_S)], context=context)

    assert bool(result.windows) is counts
    assert result.refused["still_valid"] == (not counts)


def test_without_an_export_time_now_decides_whether_a_key_is_still_valid():
    result = match([heard(EVENING_S)], context=MatchContext(None, PUBLISHED_S - 601))

    assert met(result) == {"still_valid": 1}


def test_an_export_from_the_future_does_not_make_keys_old_enough():
    context = MatchContext(PUBLISHED_S, MIDNIGHT_S + 86_400)
    result = match([heard(EVENING_S)], context=context)

    assert met(result) == {"still_valid": 1}


def test_sightings_at_or_after_publication_are_refused():
    # An ID that was heard at its time, and again once its key was public.
    times_s = (EVENING_S, PUBLISHED_S - 0.001, PUBLISHED_S)
    result = match([heard(t_s, sent_s=EVENING_S) for t_s in times_s])

    assert [len(window.series) for window in result.windows] == [1]
    assert met(result) == {"after_publication": 1, "outside_tolerance": 1}


def test_sightings_in_the_future_are_refused():
    sightings = [heard(EVENING_S), heard(CONTEXT.now_s + 1, sent_s=EVENING_S)]

    assert met(match(sightings)) == {"in_the_future": 1}


def test_a_key_from_tomorrow_is_ignored():
    result = match([heard(EVENING_S)], context=MatchContext(None, MIDNIGHT_S - 1))

    assert result.windows == []
    assert met(result) == {"still_valid": 1}


def test_sightings_while_the_clock_was_set_back_are_refused():
    # Recorded second, yet an hour before the first.
    scans = scans_at(EVENING_S + 3_600, EVENING_S)
    sightings = [heard(EVENING_S + 1), heard(EVENING_S + 3_601)]
    result = match(sightings, scans)

    assert [window.scans[0].t_s for window in result.windows] == [EVENING_S + 3_600]
    assert met(result) == {"clock_rolled_back": 1}


@pytest.mark.parametrize(
    ("report_type", "reason"),
    [(ReportType.REVOKED, "revoked"), (ReportType.RECURSIVE, "recursive")],
)
def test_keys_of_some_report_types_give_no_windows(report_type, reason):
    result = match([heard(EVENING_S)], keys=keys_of(KEY, report_type=report_type))

    assert result.windows == []
    assert met(result) == {reason: 1}


def test_keys_of_contacts_give_windows_where_they_alone_are_matched():
    contacts = MatchPolicy(recursive=True)
    of_contact = keys_of(KEY, report_type=ReportType.RECURSIVE)

    assert match([heard(EVENING_S)], keys=of_contact, policy=contacts).windows
    assert met(match([heard(EVENING_S)], policy=contacts)) == {"recursive": 1}


def test_own_and_revoked_keys_give_no_windows():
    own = match([heard(EVENING_S)], context=replace(CONTEXT, own_keys=frozenset([KEY])))
    revoked = match(
        [heard(EVENING_S)], context=replace(CONTEXT, revoked_keys=frozenset([KEY]))
    )

    assert met(own) == {"own": 1}
    assert met(revoked) == {"revoked": 1}


def test_a_key_that_is_listed_twice_counts_once():
    result = match([heard(EVENING_S)], keys=[keys_of(KEY), keys_of(KEY)])

    assert len(result.windows) == 1
    assert met(result) == {"duplicate": 1}


def test_a_late_export_is_told_apart_from_no_match():
    context = replace(CONTEXT, earliest_day=DAY + 1)
    forgotten = match([], keys=keys_of(KEY), context=context)
    unheard = match([], keys=keys_of(KEY), context=replace(CONTEXT, earliest_day=DAY))

    assert met(forgotten) == {"beyond_retention": 1}
    assert met(unheard) == {}


def test_a_match_just_after_the_forgotten_day_counts():
    # 00:05 of the first stored day, by an ID of the day before.
    last_id_s = MIDNIGHT_S + 86_400 - 600
    result = match(
        [heard(last_id_s + 900, sent_s=last_id_s)],
        context=replace(CONTEXT, earliest_day=DAY + 1),
    )

    assert len(result.windows) == 1
    assert met(result) == {}


@pytest.mark.parametrize(
    ("onset", "infectiousness"),
    [
        (-5, Infectiousness.NONE),
        (-4, Infectiousness.STANDARD),
        (-2, Infectiousness.HIGH),
        (3, Infectiousness.HIGH),
        (5, Infectiousness.STANDARD),
        (6, Infectiousness.NONE),
        (15, Infectiousness.STANDARD),
        (NO_ONSET, Infectiousness.STANDARD),
    ],
)
def test_days_since_onset_give_the_infectiousness(onset, infectiousness):
    (window,) = match([heard(EVENING_S)], keys=keys_of(KEY, onset=onset)).windows

    assert window.infectiousness is infectiousness


def test_windows_are_in_the_order_of_time():
    other = bytes(range(16, 32))
    sightings = [heard(EVENING_S + 3_600), heard(EVENING_S, key=other)]
    result = match(sightings, keys=keys_of(KEY, other))

    assert [window.key_index for window in result.windows] == [1, 0]


def test_an_error_among_the_blocks_gives_no_result():
    def blocks():
        yield keys_of(KEY)
        raise BadSignatureError("the digest differs", "fetch again")

    with pytest.raises(BadSignatureError):
        match([heard(EVENING_S)], keys=blocks())
