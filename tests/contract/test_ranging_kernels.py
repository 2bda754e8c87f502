"""Every form of the ranging kernels gives the same, and what the definition says."""

import numpy as np
import pytest

from proximity.kernels.dispatch import FORMS, NUMBA, load_operation
from proximity.ranging.buckets import (
    BucketWeights,
    ScanColumns,
    weighted_seconds_by_bucket,
)
from proximity.ranging.posterior import NODES, Cases, DosePart, NearPart, NearSums
from proximity.ranging.smoother import (
    LogDistanceSeries,
    Prior,
    SmoothedLogDistance,
    smooth_log_distance,
)

# Around a lane's and a tile's edges, and longer than any tile.
LENGTHS = (0, 1, 2, 15, 16, 17, 63, 64, 65, 1023, 1024, 1025, 3000)


@pytest.fixture(params=FORMS)
def form(request):
    if request.param == NUMBA:
        pytest.importorskip("numba")
    return request.param


def series_of(lengths, seed=0):
    """Return series with gaps, odd noise and odd drift, and a prior for each."""
    generator = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    m, n = int(offsets[-1]), len(lengths)
    measured = generator.normal(0, 1, m).astype(np.float32)
    noise = generator.uniform(0.1, 4, m).astype(np.float32)
    drift = generator.uniform(0, 0.2, m).astype(np.float32)
    for column, values in (
        (measured, (np.nan, np.inf, -np.inf, 1e30)),
        (noise, (np.nan, np.inf, 0.0, -1.0)),
        (drift, (np.nan, np.inf, 0.0, -1.0)),
    ):
        odd = generator.random(m) < 0.1
        column[odd] = generator.choice(values, odd.sum())
    prior = Prior(
        generator.normal(0, 1, n).astype(np.float32),
        generator.uniform(0.1, 2, n).astype(np.float32),
    )
    return LogDistanceSeries(measured, noise, drift, offsets), prior


def series(measured, noise=1.0, drift=0.1):
    """Return one series."""
    measured = np.asarray(measured, np.float32)
    noise = np.broadcast_to(np.asarray(noise, np.float32), len(measured))
    drift = np.broadcast_to(np.asarray(drift, np.float32), len(measured))
    return LogDistanceSeries(measured, noise, drift, np.array([0, len(measured)]))


def one_prior(mean=0.0, variance=1.0):
    return Prior(np.array([mean], np.float32), np.array([variance], np.float32))


def exact(one, prior):
    """Solve the joint distribution of all states of a series, without recursion."""
    m = len(one.measured)
    steps = np.diff(np.eye(m + 1), axis=0)
    transitions = steps / np.sqrt(one.drift.astype(np.float64))[:, None]
    begin = np.eye(1, m + 1) / np.sqrt(np.float64(prior.variance[0]))
    seen = ~np.isnan(one.measured)
    sights = np.eye(m + 1)[1:][seen] / np.sqrt(one.noise[seen, None].astype(float))
    rows = np.concatenate([begin, transitions, sights])
    values = np.concatenate(
        [
            prior.mean / np.sqrt(prior.variance),
            np.zeros(m),
            one.measured[seen] / np.sqrt(one.noise[seen]),
        ]
    )
    covariance = np.linalg.inv(rows.T @ rows)
    return (covariance @ rows.T @ values)[1:], np.diag(covariance)[1:]


def test_every_form_gives_the_same_bits(form):
    lengths = np.random.default_rng(1).permutation(np.repeat(LENGTHS, 11))
    many, prior = series_of(lengths)
    plain = load_operation("proximity.ranging.smoother", "python")

    found = smooth_log_distance(many, prior, variant=form)

    for mine, reference in zip(found, plain.smooth(many, prior), strict=True):
        np.testing.assert_array_equal(mine, reference)


def test_smoothed_distances_are_those_of_the_joint_distribution(form):
    generator = np.random.default_rng(2)
    measured = generator.normal(0.5, 1, 40)
    measured[[0, 7, 8, 39]] = np.nan
    one = series(
        measured, generator.uniform(0.3, 3, 40), generator.uniform(0.01, 0.5, 40)
    )
    prior = one_prior(0.3, 0.8)

    found = smooth_log_distance(one, prior, variant=form)

    mean, variance = exact(one, prior)
    np.testing.assert_allclose(found.mean, mean, atol=2e-6)
    np.testing.assert_allclose(found.variance, variance, rtol=5e-6)


def test_a_series_is_smoothed_as_if_it_were_alone(form):
    lengths = [3, 70, 0, 1, 1024, 40, 1025, 2]
    many, prior = series_of(lengths, seed=3)

    together = smooth_log_distance(many, prior, variant=form)

    for i in range(len(lengths)):
        part = slice(many.offsets[i], many.offsets[i + 1])
        alone = LogDistanceSeries(
            many.measured[part],
            many.noise[part],
            many.drift[part],
            np.array([0, lengths[i]]),
        )
        found = smooth_log_distance(
            alone, Prior(*(each[i : i + 1] for each in prior)), variant=form
        )
        for mine, ours in zip(found, together, strict=True):
            np.testing.assert_array_equal(mine, ours[part])


def test_the_longest_of_a_tile_does_not_disturb_the_shortest(form):
    short, short_prior = series_of([5], seed=4)
    long, long_prior = series_of([900] * 63, seed=5)
    both = LogDistanceSeries(
        *(np.concatenate(pair) for pair in zip(short[:3], long[:3], strict=True)),
        np.concatenate([short.offsets, 5 + long.offsets[1:]]),
    )
    priors = Prior(
        *(np.concatenate(pair) for pair in zip(short_prior, long_prior, strict=True))
    )

    found = smooth_log_distance(both, priors, variant=form)

    alone = smooth_log_distance(short, short_prior, variant=form)
    np.testing.assert_array_equal(found.mean[:5], alone.mean)
    np.testing.assert_array_equal(found.variance[:5], alone.variance)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 2e3, -1e30])
def test_a_measurement_that_is_none_only_lets_time_pass(form, odd):
    found = smooth_log_distance(series([1, odd, 1]), one_prior(), variant=form)
    known = smooth_log_distance(series([1, np.nan, 1]), one_prior(), variant=form)

    np.testing.assert_array_equal(found.mean, known.mean)
    np.testing.assert_array_equal(found.variance, known.variance)
    assert found.variance[1] > found.variance[0]


@pytest.mark.parametrize("odd", [np.nan, np.inf, 0.0, -1.0, 1e-9, 1e9])
def test_a_measurement_without_a_sound_noise_is_none(form, odd):
    found = smooth_log_distance(
        series([1, 5, 1], [1, odd, 1]), one_prior(), variant=form
    )
    known = smooth_log_distance(series([1, np.nan, 1]), one_prior(), variant=form)

    np.testing.assert_array_equal(found.mean, known.mean)


def test_nothing_measured_leaves_the_prior_with_its_drift(form):
    found = smooth_log_distance(
        series([np.nan] * 3, drift=0.25), one_prior(0.5), variant=form
    )

    assert found.mean.tolist() == [0.5, 0.5, 0.5]
    assert found.variance.tolist() == [1.25, 1.5, 1.75]


def test_without_drift_all_samples_are_one_state(form):
    found = smooth_log_distance(series([1, 2, 3], drift=0), one_prior(), variant=form)

    np.testing.assert_allclose(found.mean, 6 / 4, rtol=1e-6)
    np.testing.assert_allclose(found.variance, 1 / 4, rtol=1e-6)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 0]])
def test_no_samples_give_none(form, lengths):
    found = smooth_log_distance(*series_of(lengths), variant=form)

    assert [len(each) for each in found] == [0, 0]


def test_arrays_that_may_not_be_written_are_read(form):
    one, prior = series([1, 2]), one_prior()
    for array in (*one, *prior):
        array.flags.writeable = False

    found = smooth_log_distance(one, prior, variant=form)

    assert isinstance(found, SmoothedLogDistance)
    assert np.isfinite(found.mean).all()


def scans(attenuation, seconds, offsets=None, dtype=np.float32):
    ends = [0, len(attenuation)] if offsets is None else offsets
    return ScanColumns(
        np.asarray(attenuation, dtype), np.asarray(seconds, np.float32), np.array(ends)
    )


LIMITS = (55.0, 63.0, 73.0)
SECONDS = BucketWeights(LIMITS, (1, 1, 1, 1))


def test_seconds_go_to_their_bucket_and_weigh_what_it_says(form):
    columns = scans([54, 55, 62.5, 63, 80, 80], [1, 2, 4, 8, 16, 32], [0, 5, 5, 6])

    found = weighted_seconds_by_bucket(
        columns, BucketWeights(LIMITS, (2, 1, 0.5, 0)), variant=form
    )

    assert found.tolist() == [[2, 6, 4, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.float32])
@pytest.mark.parametrize("limits", [(), (60,), (50, 60.5, 61), tuple(range(40, 96, 7))])
def test_every_form_sorts_every_type_alike(form, dtype, limits):
    generator = np.random.default_rng(6)
    lengths = np.repeat(LENGTHS, 3)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    attenuation = generator.integers(-5, 110, offsets[-1])
    seconds = generator.uniform(-10, 4000, offsets[-1])
    columns = scans(attenuation, seconds, offsets, dtype)
    buckets = BucketWeights(limits, generator.uniform(0, 2.5, len(limits) + 1))

    found = weighted_seconds_by_bucket(columns, buckets, variant=form)

    for window in (3, 10, 29, 38):
        part = slice(offsets[window], offsets[window + 1])
        counted = np.clip(columns.seconds[part].astype(float), 0, 3600)
        bucket = np.searchsorted(limits, attenuation[part], side="right")
        for k, weight in enumerate(buckets.weights):
            expected = weight * counted[bucket == k].sum()
            # Half a millisecond a scan, and what float32 leaves of it.
            rounding_s = 0.00075 * lengths[window] * weight
            assert found[window, k] == pytest.approx(expected, abs=rounding_s)
    reference = weighted_seconds_by_bucket(columns, buckets, variant="python")
    np.testing.assert_array_equal(found, reference)


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 511, 512, 513, 40_000])
def test_a_window_of_any_length_keeps_all_its_time(form, n):
    columns = scans(np.full(n, 60), np.full(n, 3600))

    found = weighted_seconds_by_bucket(columns, SECONDS, variant=form)

    assert found.tolist() == [[0, 3600 * n, 0, 0]]


@pytest.mark.parametrize("odd", [np.nan, -np.inf, -5.0])
def test_seconds_that_are_none_count_as_none(form, odd):
    found = weighted_seconds_by_bucket(scans([60, 60], [odd, 7]), SECONDS, variant=form)

    assert found.tolist() == [[0, 7, 0, 0]]


def test_more_than_an_hour_counts_as_an_hour(form):
    found = weighted_seconds_by_bucket(
        scans([60, 60], [np.inf, 1e9]), SECONDS, variant=form
    )

    assert found.tolist() == [[0, 7200, 0, 0]]


def test_an_unknown_attenuation_is_in_no_bucket(form):
    found = weighted_seconds_by_bucket(
        scans([np.nan, -np.inf, np.inf], [1, 2, 4]), SECONDS, variant=form
    )

    assert found.tolist() == [[2, 0, 0, 4]]


def test_the_order_of_scans_does_not_matter(form):
    generator = np.random.default_rng(7)
    attenuation = generator.integers(40, 90, 1000)
    seconds = generator.uniform(0, 300, 1000)
    order = generator.permutation(1000)

    found = [
        weighted_seconds_by_bucket(scans(a, s), SECONDS, variant=form)
        for a, s in ((attenuation, seconds), (attenuation[order], seconds[order]))
    ]

    np.testing.assert_array_equal(*found)


def test_no_windows_give_none(form):
    found = weighted_seconds_by_bucket(scans([], [], [0]), SECONDS, variant=form)

    assert found.shape == (0, 4)


def runs(generator, m=900, q=7):
    """Return questions of samples: long runs, some of which come back."""
    return np.repeat(generator.integers(0, q, m // 9), 9)


def operation(name, form):
    """Return an operation in a form, and in the reference form."""
    whole = f"proximity.ranging.{name}"
    return load_operation(whole, form), load_operation(whole, "python")


def test_every_form_shares_looks_alike(form):
    generator = np.random.default_rng(8)
    part, kept = generator.uniform(0, 1, (2, 900))
    kept[np.diff(runs(generator), prepend=-1) != 0] = 0.0
    mine, reference = operation("levels", form)

    found = mine.correlated(part, kept)

    np.testing.assert_array_equal(found, reference.correlated(part, kept))


def test_every_form_adds_up_alike_what_is_near(form):
    generator = np.random.default_rng(9)
    question = runs(generator)
    minutes, reach = generator.uniform(0, 5, (2, len(question)))
    centre = generator.normal(0, 6, len(question))
    centre[::50] = generator.choice([1e9, -1e9, 8.0, -8.0, 1e300], len(centre[::50]))
    part = NearPart(question, minutes, centre, reach)
    nodes = generator.normal(0, 1, NODES)
    forms = operation("posterior", form)

    found = [NearSums(*np.zeros((2, 7, NODES))) for _ in forms]
    for each, sums in zip(forms, found, strict=True):
        # What is added in two parts is added in order.
        each.add_near(NearPart._make(c[:400] for c in part), nodes, sums)
        each.add_near(NearPart._make(c[400:] for c in part), nodes, sums)

    for mine, reference in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, reference)


def test_every_form_adds_up_doses_alike(form):
    generator = np.random.default_rng(10)
    question = runs(generator)
    m = len(question)
    part = DosePart(
        question,
        generator.integers(0, 30, m),
        generator.uniform(0, 1, m),
        10.0 ** generator.normal(0, 3, m),
        10.0 ** generator.normal(0, 1, (m, 5)),
    )
    part.near[:2] = 1e-100, 1e100
    of_node = 10.0 ** generator.normal(0, 1, (30, NODES))
    forms = operation("posterior", form)

    found = np.zeros((2, 7, NODES))
    for each, dose in zip(forms, found, strict=True):
        each.add_dose(part, of_node, dose)

    np.testing.assert_array_equal(*found)


def test_every_form_gives_the_same_chances_and_quantiles(form):
    generator = np.random.default_rng(11)
    cases = Cases(*10.0 ** generator.normal(0, 2, (2, 50, NODES)))
    covered = generator.uniform(-1, 100, 50)
    mine, reference = operation("posterior", form)

    for name, asked in (
        ("chance_above", (covered,)),
        ("quantile", (covered, 0.05, 24)),
        ("quantile", (covered, 0.95, 24)),
    ):
        found = getattr(mine, name)(cases, *asked)
        np.testing.assert_array_equal(found, getattr(reference, name)(cases, *asked))
