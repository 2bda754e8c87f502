from proximity.matching.exposure_window import Infectiousness
from proximity.matching.policy import MatchContext, MatchPolicy
from proximity.protocol.diagnosis_key import NO_ONSET


def test_default_curve_is_that_of_the_lfph():
    policy = MatchPolicy()
    names = {day: policy.infectiousness_on(day).name for day in range(-14, 15)}

    assert [day for day, name in names.items() if name == "STANDARD"] == [-4, -3, 4, 5]
    assert [day for day, name in names.items() if name == "HIGH"] == list(range(-2, 4))


def test_infectiousness_without_a_usable_onset_is_the_default_for_unknown():
    policy = MatchPolicy(infectiousness_unknown=Infectiousness.HIGH)

    for days in (NO_ONSET, -15, 15, 2_000):
        assert policy.infectiousness_on(days) is Infectiousness.HIGH


def test_keys_are_public_from_the_end_of_their_export():
    assert MatchContext(published_s=100, now_s=200).public_from_s == 100


def test_keys_are_public_from_now_where_the_export_names_no_end():
    assert MatchContext(published_s=None, now_s=200).public_from_s == 200


def test_an_export_that_ends_in_the_future_is_public_from_now():
    assert MatchContext(published_s=300, now_s=200).public_from_s == 200


def test_repr_of_a_context_shows_no_keys():
    secret = frozenset([b"secret key 16 by"])
    context = MatchContext(100, 200, own_keys=secret, revoked_keys=secret)

    assert "secret" not in repr(context)
