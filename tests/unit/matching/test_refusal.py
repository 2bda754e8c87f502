from proximity.matching.refusal import Refusal, no_refusals


def test_every_reason_is_counted_from_zero():
    assert set(no_refusals()) == {reason.value for reason in Refusal}
    assert set(no_refusals().values()) == {0}


def test_reasons_are_plain_text_in_a_result():
    assert all(type(reason) is str for reason in no_refusals())
