"""Whatever is measured, however long the series: no NaN leaves, and forms agree."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from proximity.kernels.dispatch import FORMS
from proximity.ranging.buckets import (
    BucketWeights,
    ScanColumns,
    weighted_seconds_by_bucket,
)
from proximity.ranging.smoother import (
    LEAST_VARIANCE,
    MOST_LOG_DISTANCE,
    MOST_VARIANCE,
    LogDistanceSeries,
    Prior,
    smooth_log_distance,
)

# The first case of a type may have to wait for a compiler.
waiting = settings(deadline=None)
LENGTHS = st.lists(st.integers(0, 40), max_size=70)
ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)


@st.composite
def offsets_of(draw):
    """Return offsets of series whose lengths differ."""
    return np.concatenate([[0], np.cumsum(draw(LENGTHS), dtype=np.int64)])


@st.composite
def any_series(draw):
    """Return series of any bits, and priors within the limits."""
    offsets = draw(offsets_of())
    m, n = int(offsets[-1]), len(offsets) - 1
    columns = [draw(arrays.arrays(np.float32, m, elements=ANY)) for _ in range(3)]
    mean = st.floats(-float(MOST_LOG_DISTANCE), float(MOST_LOG_DISTANCE), width=32)
    variance = st.floats(float(LEAST_VARIANCE), float(MOST_VARIANCE), width=32)
    prior = Prior(
        draw(arrays.arrays(np.float32, n, elements=mean)),
        draw(arrays.arrays(np.float32, n, elements=variance)),
    )
    return LogDistanceSeries(*columns, offsets), prior


@waiting
@given(any_series())
def test_every_form_smooths_any_bits_alike_and_to_finite_numbers(case):
    found = [smooth_log_distance(*case, variant=form) for form in FORMS]

    for each in found:
        np.testing.assert_array_equal(each.mean, found[0].mean)
        np.testing.assert_array_equal(each.variance, found[0].variance)
    assert np.isfinite(found[0].mean).all()
    assert (np.abs(found[0].mean) <= MOST_LOG_DISTANCE * (1 + 1e-5)).all()
    assert (found[0].variance > 0).all()
    assert np.isfinite(found[0].variance).all()


@waiting
@given(any_series(), st.randoms(use_true_random=False))
def test_the_order_of_series_does_not_matter(case, chance):
    series, prior = case
    order = list(range(len(series.offsets) - 1))
    chance.shuffle(order)
    parts = [slice(series.offsets[i], series.offsets[i + 1]) for i in order]
    lengths = [part.stop - part.start for part in parts]
    at = np.concatenate(
        [np.zeros(0, int), *(np.arange(p.start, p.stop) for p in parts)]
    )
    shuffled = LogDistanceSeries(
        *(column[at] for column in series[:3]),
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
    )
    priors = Prior(*(column[np.array(order, int)] for column in prior))

    found = smooth_log_distance(shuffled, priors)

    expected = smooth_log_distance(series, prior)
    np.testing.assert_array_equal(found.mean, expected.mean[at])
    np.testing.assert_array_equal(found.variance, expected.variance[at])


@waiting
@given(any_series(), st.integers(1, 5))
def test_samples_without_measurement_at_the_end_change_nothing(case, more):
    series, prior = case
    n = len(series.offsets) - 1
    ends = np.repeat(series.offsets[1:], more)
    longer = LogDistanceSeries(
        np.insert(series.measured, ends, np.nan),
        np.insert(series.noise, ends, 1),
        np.insert(series.drift, ends, 0),
        series.offsets + more * np.arange(n + 1),
    )
    kept = np.ones(len(longer.measured), bool)
    for end in longer.offsets[1:]:
        kept[end - more : end] = False

    found = smooth_log_distance(longer, prior)

    expected = smooth_log_distance(series, prior)
    np.testing.assert_array_equal(found.mean[kept], expected.mean)
    np.testing.assert_array_equal(found.variance[kept], expected.variance)


@st.composite
def any_scans(draw):
    """Return scans of any bits, and buckets."""
    offsets = draw(offsets_of())
    m = int(offsets[-1])
    kind = draw(st.sampled_from([np.int8, np.int16, np.float32]))
    elements = ANY if kind == np.float32 else None
    columns = ScanColumns(
        draw(arrays.arrays(kind, m, elements=elements)),
        draw(arrays.arrays(np.float32, m, elements=ANY)),
        offsets,
    )
    limit = st.floats(-100, 300, width=32)
    limits = sorted(draw(st.sets(limit, max_size=8)))
    weight = st.floats(0, 10)
    weights = draw(st.lists(weight, min_size=len(limits) + 1, max_size=len(limits) + 1))
    return columns, BucketWeights(limits, weights)


@waiting
@given(any_scans())
def test_every_form_sorts_any_bits_alike_and_to_finite_numbers(case):
    found = [weighted_seconds_by_bucket(*case, variant=form) for form in FORMS]

    for each in found:
        np.testing.assert_array_equal(each, found[0])
    assert np.isfinite(found[0]).all()
    assert (found[0] >= 0).all()


@waiting
@given(any_scans())
def test_a_limit_more_divides_a_bucket_and_leaves_the_others(case):
    scans, (limits, _) = case
    more = sorted({*limits, 61.5})
    ones = [1.0] * (len(more) + 1)
    at = more.index(61.5)

    finer = weighted_seconds_by_bucket(scans, BucketWeights(more, ones))

    if 61.5 not in limits:
        coarse = weighted_seconds_by_bucket(scans, BucketWeights(limits, ones[1:]))
        joined = np.delete(finer, at + 1, axis=1)
        joined[:, at] += finer[:, at + 1]
        np.testing.assert_allclose(joined, coarse, rtol=1e-12)
