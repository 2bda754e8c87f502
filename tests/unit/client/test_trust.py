"""What the straight line does not believe: forged, replayed, out of its time."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.errors import BadSignatureError, ClockBehindError, ReplayedError

DAY_S = 86_400
TUESDAY = 20_774
CASE, STRANGER = bytes(range(16)), bytes(range(16, 32))


def told(device) -> list[tuple[str, int]]:
    return [
        (notice.notification.kind.value, notice.notification.day)
        for notice in device.engine.notices()
    ]


def statuses(device) -> list[str]:
    return [outcome.status for outcome in device.engine.update()]


def test_a_forged_export_is_refused_and_the_others_still_count(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    name = authority.publish(diagnosis_key(STRANGER))
    stranger_signs = ec.derive_private_key(9, ec.SECP256R1())
    forged = authority.publish(diagnosis_key(CASE), private_key=stranger_signs)

    by_name = {outcome.name: outcome for outcome in device.engine.update()}

    assert by_name[name].status == "no-match"
    assert by_name[forged].status == "refused"
    assert isinstance(by_name[forged].error, BadSignatureError)
    assert device.engine.windows() == []


def test_a_refused_file_is_tried_again(device, authority, diagnosis_key):
    device.meet(CASE, 23)
    name = authority.publish(diagnosis_key(CASE))
    whole = authority.files[name]
    authority.files[name] = whole[: len(whole) // 2]
    assert statuses(device) == ["refused"]
    authority.files[name] = whole

    assert statuses(device) == ["matched"]


def test_an_old_export_under_the_name_of_a_new_one_does_not_hide_it(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    old = authority.publish(diagnosis_key(STRANGER), end_s=TUESDAY * DAY_S)
    new = authority.publish(diagnosis_key(CASE))
    true_content = authority.files[new]
    authority.files[new] = authority.files.pop(old)
    (outcome,) = device.engine.update()
    assert isinstance(outcome.error, ReplayedError)
    authority.files[new] = true_content

    assert statuses(device) == ["matched"]


def test_a_true_export_under_a_later_name_does_not_block_honest_indexes(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    name = authority.publish(diagnosis_key(CASE))
    start, end, number = name.split("-")
    later = f"{start}-{int(end) + 60}-{number}"
    authority.files[later] = authority.files.pop(name)
    assert statuses(device) == ["refused"]
    authority.files[name] = authority.files.pop(later)

    assert statuses(device) == ["matched"]


def test_an_index_that_steps_back_is_refused(device, authority, diagnosis_key):
    authority.publish(diagnosis_key(STRANGER))
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    del authority.files[max(authority.files)]

    with pytest.raises(ReplayedError):
        device.engine.update()


def test_a_clock_that_was_set_back_matches_nothing(device, authority, diagnosis_key):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.now_s = TUESDAY * DAY_S

    (outcome,) = device.engine.update()

    assert isinstance(outcome.error, ClockBehindError)
    assert device.engine.windows() == []


def test_an_update_while_the_clock_runs_ahead_loses_no_alert(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    right_s = device.now_s
    device.now_s += 30 * DAY_S
    assert statuses(device) == ["matched"]
    assert told(device) == []
    device.now_s = right_s

    device.engine.update()

    assert told(device) == [("exposed", TUESDAY)]


def test_an_export_from_the_future_does_not_stand_in_the_way_of_others(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    mistaken = authority.publish(diagnosis_key(STRANGER), end_s=(TUESDAY + 365) * DAY_S)
    assert statuses(device) == ["refused"]
    del authority.files[mistaken]
    authority.publish(diagnosis_key(CASE))

    assert statuses(device) == ["matched"]
