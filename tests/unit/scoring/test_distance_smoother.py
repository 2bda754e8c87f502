import numpy as np

from proximity.scoring.distance_smoother import DistanceModel, smooth_distances

MODEL = DistanceModel(
    prior_mean_m=2.0,
    prior_variance_m2=10.0,
    step_m=0.1,
    slope=0.1270547531082051,
    intercept=4.2309333657856945,
    variance=0.49476144,
)
NAN = float("nan")


def smooth(rows, seconds):
    return smooth_distances(np.array(rows), np.array(seconds), MODEL)


def test_one_second_without_observation_is_the_prior():
    estimate = smooth([[NAN]], [1])

    assert estimate.mean_m[0, 0] == 2.0
    assert estimate.variance_m2[0, 0] == 10.0


def test_one_observation_moves_the_prior_as_computed_by_hand():
    # Sigma points 2 + 5.477226, 2 - 5.477226, 2 (four times), weight 1/6 each; their
    # expected log attenuation: 0.12705 * ln|x| + 4.23093.
    up, down, centre = (
        MODEL.slope * np.log(x) + MODEL.intercept
        for x in (2 + 30**0.5, 30**0.5 - 2, 2.0)
    )
    expected = (up + down + 4 * centre) / 6
    variance = (
        (up - expected) ** 2 + (down - expected) ** 2 + 4 * (centre - expected) ** 2
    ) / 6 + MODEL.variance
    cross = 30**0.5 * (up - down) / 6

    estimate = smooth([[4.0]], [1])

    mean = 2.0 + cross / variance * (4.0 - expected)
    assert abs(estimate.mean_m[0, 0] - mean) < 1e-12
    assert abs(estimate.variance_m2[0, 0] - (10.0 - cross**2 / variance)) < 1e-12


def test_lower_attenuation_means_nearer():
    rows = [[np.log(45.0), np.log(85.0)]] + [[NAN, NAN]] * 30

    estimate = smooth(rows, [31, 31])

    assert (estimate.mean_m[:, 0] < estimate.mean_m[:, 1]).all()


def test_later_observation_corrects_earlier_seconds():
    silent = smooth([[NAN]] * 20, [20])
    seen = smooth([[NAN]] * 19 + [[np.log(40.0)]], [20])

    assert (seen.mean_m[:, 0] < silent.mean_m[:, 0]).all()
    assert (seen.variance_m2[:, 0] < silent.variance_m2[:, 0]).all()


def test_columns_of_different_length_do_not_touch_each_other():
    long = [[np.log(60.0)], [NAN], [np.log(62.0)], [NAN]]
    short = [[np.log(70.0)], [NAN]]

    alone = smooth(long, [4]), smooth(short, [2])
    both = smooth(np.hstack([long, [*short, [NAN], [NAN]]]), [4, 2])

    np.testing.assert_array_equal(both.mean_m[:, 0], alone[0].mean_m[:, 0])
    np.testing.assert_array_equal(both.mean_m[:2, 1], alone[1].mean_m[:, 0])
    np.testing.assert_array_equal(both.variance_m2[:2, 1], alone[1].variance_m2[:, 0])
