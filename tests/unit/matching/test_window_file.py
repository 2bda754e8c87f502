import copy
import json

import pytest

from proximity.errors import FormatError, TooLargeError
from proximity.matching import window_file
from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.matching.window_file import decode_windows, encode_windows
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence

WINDOW = ExposureWindow(
    day=20_000,
    key_index=7,
    report_type=ReportType.CONFIRMED_TEST,
    infectiousness=Infectiousness.STANDARD,
    calibration_confidence=CalibrationConfidence.MEDIUM,
    transmission_risk=3,
    tx_power_dbm=-17,
    scans=(ScanInstance(1_728_000_000, 50, 52, 120),),
    series=((1_728_000_000.25, -67), (1_728_000_001.0, -71)),
)


def entry(**changes):
    return {**copy.deepcopy(encode_windows([WINDOW])[0]), **changes}


def test_a_window_is_written_with_names_and_units():
    assert encode_windows([WINDOW]) == [
        {
            "day": "2024-10-04",
            "key_index": 7,
            "report_type": "CONFIRMED_TEST",
            "infectiousness": "STANDARD",
            "calibration_confidence": "MEDIUM",
            "transmission_risk": 3,
            "tx_power_dbm": -17,
            "scans": [
                {
                    "t_s": 1_728_000_000,
                    "min_attenuation_db": 50,
                    "typical_attenuation_db": 52,
                    "seconds_since_last_scan": 120,
                }
            ],
            "series": [[1_728_000_000.25, -67], [1_728_000_001.0, -71]],
        }
    ]


def test_what_is_written_can_be_read():
    document = json.loads(json.dumps({"windows": encode_windows([WINDOW, WINDOW])}))

    assert decode_windows(document) == [WINDOW, WINDOW]


def test_a_bare_list_of_windows_is_read():
    assert decode_windows(encode_windows([WINDOW])) == [WINDOW]


def test_what_may_be_absent_has_a_default():
    minimal = entry()
    for name in ("series", "key_index", "transmission_risk", "tx_power_dbm"):
        del minimal[name]
    del minimal["scans"][0]["t_s"]
    (window,) = decode_windows([minimal])

    assert (window.series, window.key_index) == ((), 0)
    assert (window.transmission_risk, window.tx_power_dbm) == (0, 0)
    assert window.scans[0].t_s == 0


def test_members_that_are_not_known_are_ignored():
    document = {"windows": [entry(colour="blue")], "refused": {}, "schema": "x"}

    assert decode_windows(document) == [WINDOW]


@pytest.mark.parametrize("value", ["confirmed_test", "CONFIRMED_TEST", 1])
def test_enums_are_names_in_any_case_or_numbers(value):
    assert decode_windows([entry(report_type=value)]) == [WINDOW]


@pytest.mark.parametrize("seconds", [0, -86_160, 3_000])
def test_odd_times_since_the_last_scan_can_be_read(seconds):
    document = entry()
    document["scans"][0]["seconds_since_last_scan"] = seconds

    (window,) = decode_windows([document])
    assert window.scans[0].seconds_since_last_scan == seconds


@pytest.mark.parametrize(
    "name", ["min_attenuation_db", "typical_attenuation_db", "seconds_since_last_scan"]
)
def test_numbers_of_a_scan_may_have_fractions(name):
    document = entry()
    document["scans"][0][name] = 17.25

    (window,) = decode_windows([document])
    assert getattr(window.scans[0], name) == 17.25


def test_a_fraction_of_a_second_is_cut_off_the_time_of_a_scan():
    document = entry()
    document["scans"][0]["t_s"] = 1_728_072_000.75

    (window,) = decode_windows([document])
    assert window.scans[0].t_s == 1_728_072_000


@pytest.mark.parametrize("value", [-0.5, 255.5, float("nan"), float("inf"), "50", None])
def test_an_attenuation_out_of_range_is_refused(value):
    document = entry()
    document["scans"][0]["min_attenuation_db"] = value

    with pytest.raises(
        FormatError, match=r"min_attenuation_db is not a number 0\.\.255"
    ):
        decode_windows([document])


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"day": "2024-13-04"}, "windows[0].day"),
        ({"day": "2024-W40-5"}, "windows[0].day"),
        ({"day": 20_000}, "windows[0].day"),
        ({"key_index": -1}, "windows[0].key_index"),
        ({"key_index": 0.5}, "windows[0].key_index"),
        ({"key_index": True}, "windows[0].key_index"),
        ({"key_index": None}, "windows[0].key_index"),
        ({"key_index": float("nan")}, "windows[0].key_index"),
        ({"key_index": float("inf")}, "windows[0].key_index"),
        ({"key_index": 10**400}, "windows[0].key_index"),
        ({"transmission_risk": 9}, "windows[0].transmission_risk"),
        ({"report_type": "GUESS"}, "windows[0].report_type"),
        ({"report_type": 6}, "windows[0].report_type"),
        ({"report_type": True}, "windows[0].report_type"),
        ({"report_type": []}, "windows[0].report_type"),
        ({"infectiousness": 3}, "windows[0].infectiousness"),
        ({"calibration_confidence": None}, "windows[0].calibration_confidence"),
        ({"scans": {}}, "windows[0].scans"),
        ({"scans": [5]}, "windows[0].scans[0]"),
        ({"scans": [{}]}, "windows[0].scans[0].min_attenuation_db"),
        ({"series": 1}, "windows[0].series"),
        ({"series": [[1.0]]}, "windows[0].series[0]"),
        ({"series": [["1", -60]]}, "windows[0].series[0]"),
        ({"series": [[float("nan"), -60]]}, "windows[0].series[0]"),
        ({"series": [[1.0, None]]}, "windows[0].series[0]"),
    ],
)
def test_an_error_names_its_place(changes, place):
    with pytest.raises(FormatError) as caught:
        decode_windows([entry(**changes)])

    assert str(caught.value).startswith(f"{place} ")


@pytest.mark.parametrize("name", ["day", "report_type", "scans"])
def test_what_is_needed_must_be_there(name):
    document = entry()
    del document[name]

    with pytest.raises(FormatError, match=rf"windows\[0\]\.{name} "):
        decode_windows([document])


@pytest.mark.parametrize("document", [None, 5, "windows", {}, {"windows": {}}, [5]])
def test_other_documents_are_refused(document):
    with pytest.raises(FormatError):
        decode_windows(document)


def test_too_many_windows_are_refused(monkeypatch):
    monkeypatch.setattr(window_file, "MAX_WINDOWS", 1)

    with pytest.raises(TooLargeError):
        decode_windows([entry(), entry()])


def test_too_many_sightings_are_refused(monkeypatch):
    monkeypatch.setattr(window_file, "MAX_ENTRIES", 1)

    with pytest.raises(TooLargeError, match="series"):
        decode_windows([entry()])
