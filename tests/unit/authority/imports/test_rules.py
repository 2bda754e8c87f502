"""Which exports are believed, and which of their keys are taken."""

import numpy as np
import pytest

from proximity.authority.imports import rules
from proximity.authority.imports.rules import believed_export, takeable_keys
from proximity.errors import (
    BadSignatureError,
    ClockBehindError,
    FormatError,
    PolicyError,
    ReplayedError,
    TooLargeError,
)
from proximity.protocol.diagnosis_key import NO_ONSET, ReportType


@pytest.fixture
def believed(authority, other, source):
    def verify(name: str, content: bytes | None = None):
        return believed_export(
            name,
            other.files[name] if content is None else content,
            [key.verification_key for key in source.public_keys],
            regions=frozenset({"VN", "LA"}),
            now_s=authority.now_s,
        )

    return verify


@pytest.mark.parametrize("region", ["VN", "LA"])
def test_an_export_for_us_or_of_them_is_believed(
    believed, other, make_keys, *, region, yesterday
):
    name = other.publish(make_keys(3, yesterday), region=region)

    assert believed(name).key_count == 3


def test_one_for_a_third_region_is_not(believed, other, make_keys, yesterday):
    with pytest.raises(PolicyError, match="another region"):
        believed(other.publish(make_keys(3, yesterday), region="KH"))


def test_one_by_another_key_is_not(believed, other, make_keys, yesterday):
    other.private = type(other)(other.now_s).private

    with pytest.raises(BadSignatureError):
        believed(other.publish(make_keys(3, yesterday)))


def test_one_under_the_time_of_another_is_not(believed, other, make_keys, yesterday):
    old = other.publish(make_keys(3, yesterday), end_s=other.now_s - 86_400)
    new = other.publish(make_keys(3, yesterday))

    with pytest.raises(ReplayedError):
        believed(new, other.files[old])


def test_one_from_the_future_is_not(believed, other, make_keys, yesterday):
    with pytest.raises(ClockBehindError):
        believed(other.publish(make_keys(1, yesterday), end_s=other.now_s + 7_300))


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_one_that_is_cut_short_is_not(believed, other, make_keys, *, kept, yesterday):
    name = other.publish(make_keys(100, yesterday))
    content = other.files[name]

    with pytest.raises(FormatError):
        believed(name, content[: int(len(content) * kept)])


def test_one_of_too_many_keys_is_not(
    believed, other, make_keys, monkeypatch, *, yesterday
):
    monkeypatch.setattr(rules, "MAX_KEYS_PER_EXPORT", 2)

    with pytest.raises(TooLargeError):
        believed(other.publish(make_keys(3, yesterday)))


def test_sound_keys_are_taken_and_others_left_out(authority, make_keys, yesterday):
    good = make_keys(1, yesterday)
    nothing_known = good._replace(days_since_onset=np.array([NO_ONSET], np.int16))
    for changed in (good, nothing_known):
        (key,) = takeable_keys(changed, authority.now_s)
        assert (key.key, key.start) == (good.key[0].tobytes(), yesterday)
    now = authority.now_s // 600
    bad = {
        "start_interval": [now + 1, now - 16 * 144, -1],
        "period": [0, 145],
        "report_type": [ReportType.UNKNOWN, ReportType.RECURSIVE, 77],
        "days_since_onset": [15, -15],
        "transmission_risk": [9],
    }
    for name, values in bad.items():
        for value in values:
            column = np.array([value], getattr(good, name).dtype)
            wrong = good._replace(**{name: column})
            assert list(takeable_keys(wrong, authority.now_s)) == [], (name, value)


def test_a_key_that_is_there_twice_is_taken_once(authority, make_keys, yesterday):
    keys = make_keys(2, yesterday)
    twice = keys._replace(key=np.stack([keys.key[0], keys.key[0]]))

    assert len(list(takeable_keys(twice, authority.now_s))) == 1
