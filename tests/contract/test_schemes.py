"""What every scheme keeps; a new one adds itself to `KNOWN_SCHEMES`, not a test."""

from itertools import pairwise

import pytest

from proximity.protocol import bluezone, gaen
from proximity.protocol.advertisement import LEGACY_BYTES, decode_structures
from proximity.protocol.carrier import DEFAULT_PROFILE
from proximity.protocol.scheme import KNOWN_SCHEMES, recognise

DAY = 18_482
DAY_S = 86_400
# A secret and metadata of the right length for each scheme.
SAMPLES = {
    gaen.NAME: (bytes(range(16)), b"abcd"),
    bluezone.NAME: (bytes(range(32)), b""),
}


@pytest.fixture(params=KNOWN_SCHEMES, ids=lambda scheme: scheme.NAME)
def scheme(request):
    return request.param


@pytest.fixture
def secret(scheme):
    return SAMPLES[scheme.NAME][0]


@pytest.fixture
def metadata(scheme):
    return SAMPLES[scheme.NAME][1]


def test_the_ids_of_a_day_fill_the_day_without_a_gap(scheme, secret):
    ids = scheme.ids_of_day(secret, DAY)

    assert ids[0].valid_from_ms == DAY * DAY_S * 1000
    assert ids[-1].valid_to_ms == (DAY + 1) * DAY_S * 1000
    assert all(a.valid_to_ms == b.valid_from_ms for a, b in pairwise(ids))


def test_no_id_is_sent_twice(scheme, secret):
    values = [i.value for i in scheme.ids_of_day(secret, DAY)]

    assert len(set(values)) == len(values)


def test_every_id_is_recognised_from_its_advertisement(scheme, secret, metadata):
    for sent in scheme.ids_of_day(secret, DAY):
        data = scheme.encode_advertisement(sent.value, metadata)

        assert len(data) <= LEGACY_BYTES
        heard = recognise(data)
        assert (heard.scheme, heard.ephemeral_id) == (scheme.NAME, sent.value)
        assert heard.metadata == metadata


def test_the_order_of_structures_does_not_matter(scheme, secret, metadata):
    sent = scheme.ids_of_day(secret, DAY)[0].value
    structures = decode_structures(scheme.encode_advertisement(sent, metadata))

    heard = scheme.decode_advertisement(structures[::-1], DEFAULT_PROFILE)
    assert heard[:2] == (sent, metadata)


def test_another_schemes_advertisement_is_left_to_it(scheme):
    for other in KNOWN_SCHEMES:
        secret, metadata = SAMPLES[other.NAME]
        sent = other.ids_of_day(secret, DAY)[0].value
        structures = decode_structures(other.encode_advertisement(sent, metadata))

        heard = scheme.decode_advertisement(structures, DEFAULT_PROFILE)
        assert (heard is not None) == (other is scheme)


def test_what_is_published_gives_the_ids_of_its_day(scheme, secret):
    disclosure = scheme.disclose_day(secret, DAY)

    assert disclosure.from_s == DAY * DAY_S
    assert disclosure.to_s in (None, (DAY + 1) * DAY_S)
    assert scheme.ids_of_day(disclosure.key, DAY) == scheme.ids_of_day(secret, DAY)


def test_a_secret_of_another_length_is_a_mistake_of_the_caller(scheme, secret):
    with pytest.raises(ValueError, match="bytes"):
        scheme.ids_of_day(secret[1:], DAY)
    with pytest.raises(ValueError, match="bytes"):
        scheme.disclose_day(secret + b"\0", DAY)


def test_no_value_shows_a_secret_or_an_id(scheme, secret, metadata):
    sent = scheme.ids_of_day(secret, DAY)[0]
    shown = repr(
        (
            sent,
            scheme.disclose_day(secret, DAY),
            recognise(scheme.encode_advertisement(sent.value, metadata)),
            decode_structures(scheme.encode_advertisement(sent.value, metadata)),
        )
    )

    for hidden in (secret, sent.value):
        assert hidden.hex() not in shown
        assert repr(hidden)[2:-1] not in shown
