"""The parameter file: written, read, refused."""

import hashlib
import json
from dataclasses import fields, replace
from importlib import resources

import pytest

from proximity.errors import FormatError, TooLargeError, UnsupportedVersionError
from proximity.ranging.population import (
    DEFAULT_FILE,
    MAX_FILE_BYTES,
    MAX_KNOWN,
    MOST_VERSION,
    SCHEMA,
    Fading,
    Offset,
    Parameters,
    Population,
    default_parameters,
    encode_parameters,
    parse_parameters,
)

# Whoever changes the parameters changes what everybody is told: a new name or version.
DEFAULT_DIGEST = "61f4c2a9fc45abcc9fccaa3903be094639c103268908c2d8b9c893a3a6f4ea75"
NUMBERS = [f.name for f in fields(Population) if f.name not in ("models", "carriages")]


@pytest.fixture
def parameters(population):
    other = replace(population, level_db=70.0, models={})
    return Parameters("test", 3, population, other, {"datasets": [], "kept": ["x"]})


@pytest.fixture
def document(parameters):
    return json.loads(encode_parameters(parameters))


def refused(document, match):
    with pytest.raises(FormatError, match=match) as caught:
        parse_parameters(json.dumps(document).encode())
    assert "proximity research fit" in caught.value.hint


def test_what_was_written_is_read(parameters):
    assert parse_parameters(encode_parameters(parameters)) == parameters


def test_the_digest_is_that_of_the_file(parameters):
    data = encode_parameters(parameters)

    assert parameters.digest == hashlib.sha256(data).hexdigest()
    assert replace(parameters, version=4).digest != parameters.digest


def test_the_same_parameters_make_the_same_bytes(parameters, population):
    models = {"A": Offset(2.0, -1.0), "B": Offset(0.0, 0.0)}
    one, other = (
        replace(parameters, calibrated=replace(population, models=dict(order)))
        for order in (models.items(), reversed(models.items()))
    )

    assert encode_parameters(one) == encode_parameters(other)


def test_the_default_is_frozen():
    found = default_parameters()

    assert (found.name, found.version) == ("default", 1)
    assert found.digest == DEFAULT_DIGEST
    assert found is default_parameters()


def test_the_default_is_the_file_that_a_fit_writes():
    folder = resources.files("proximity.ranging") / "parameters"

    assert (folder / DEFAULT_FILE).read_bytes() == encode_parameters(
        default_parameters()
    )


def test_the_default_tells_what_it_was_fitted_to():
    provenance = default_parameters().provenance

    assert provenance["kept"] == []
    assert [each["name"] for each in provenance["datasets"]] == [
        "exp05-epfl-soldiers",
        "mit_matrix",
        "mitll_range_angle",
    ]
    assert all(each["sightings"] > 10_000 for each in provenance["datasets"])


def test_fading_is_the_part_of_a_population_that_looks_need(population):
    assert population.fading == Fading(20.0, 0.1, 3.0, 2.0, 2.5, 120.0)


@pytest.mark.parametrize(
    "schema", [None, 1, "proximity/ranging-parameters/v2", SCHEMA.upper()]
)
def test_another_schema_is_told_apart_from_damage(document, schema):
    document["schema"] = schema
    with pytest.raises(UnsupportedVersionError):
        parse_parameters(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", ""),
        ("name", "x" * 65),
        ("name", 7),
        ("version", 0),
        ("version", True),
        ("version", 1.0),
        ("version", MOST_VERSION + 1),
        ("provenance", []),
        ("calibrated", None),
        ("uncalibrated", []),
    ],
)
def test_a_member_of_another_kind_is_named(document, member, value):
    document[member] = value
    refused(document, member)


@pytest.mark.parametrize("member", ["name", "calibrated", "provenance"])
def test_a_member_that_is_missing_or_unknown_is_refused(document, member):
    refused({**document, "more": 1}, "other members")
    del document[member]
    refused(document, "other members")


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_is_needed(document, number):
    del document["calibrated"][number]
    refused(document, "calibrated holds other numbers")


def test_a_number_that_is_not_known_is_refused(document):
    document["uncalibrated"]["kindness"] = 1.0
    refused(document, "uncalibrated holds other numbers")


HUGE = 10**400


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("value", ["1", None, True, [1], float("nan")])
def test_what_is_no_number_is_named(document, number, value):
    document["calibrated"][number] = value
    refused(document, f"calibrated.{number}")


@pytest.mark.parametrize("value", [float("inf"), -1e300, 1e5, HUGE, -HUGE])
def test_a_number_out_of_range_is_named(document, value):
    document["calibrated"]["level_db"] = value
    refused(document, r"calibrated.level_db is out of range")


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("slope_db", 0),
        ("slope_db", -3.0),
        ("memory_s", 0),
        ("freedom", 2),
        ("direction_sd", 0),
        ("fast_sd", 0),
        ("send_sd", -1),
        ("motion_sd", -0.1),
        ("known_correlation", 1),
        ("send_hear_correlation", -1.0),
        ("level_db", 2_000),
        ("slope_db", 1e-3),
        ("slow_sd", 101),
        ("motion_sd", 6),
        ("distance_log10", -6),
        ("distance_pair_sd", 5.5),
        ("memory_s", 1e-3),
    ],
)
def test_what_arithmetic_cannot_bear_is_refused(document, number, value):
    document["uncalibrated"][number] = value
    refused(document, f"uncalibrated: {number} is out of range")


@pytest.mark.parametrize(
    "known", [[], {"A": 1}, {"A": [1.0]}, {"A": [1, 2, 3]}, {"A": {"send_db": 1}}]
)
def test_offsets_of_another_form_are_refused(document, known):
    document["calibrated"]["models"] = known
    refused(document, r"calibrated\.models")


@pytest.mark.parametrize("value", ["x", None, float("nan"), HUGE])
def test_an_offset_that_is_no_number_is_refused(document, value):
    document["calibrated"]["carriages"]["bag"] = [0.0, value]
    refused(document, r"calibrated\.carriages")


def test_more_models_than_there_can_be_are_refused(document):
    document["calibrated"]["models"] = {str(i): [0, 0] for i in range(MAX_KNOWN + 1)}
    refused(document, "at most")


def test_a_file_of_a_megabyte_is_refused_unread():
    with pytest.raises(TooLargeError):
        parse_parameters(b'{"name":"' + b"x" * 1_000_000 + b'"}')


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 5_000,
        b'{"version": ' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_object_is_refused(data):
    assert len(data) <= MAX_FILE_BYTES
    with pytest.raises(FormatError):
        parse_parameters(data)


def test_a_file_cut_short_is_refused(parameters):
    data = encode_parameters(parameters)
    for length in range(0, len(data) - 2, 97):
        with pytest.raises(FormatError):
            parse_parameters(data[:length])


@pytest.mark.parametrize("name", NUMBERS)
def test_a_population_of_nan_cannot_be_made(population, name):
    with pytest.raises(ValueError, match=name):
        replace(population, **{name: float("nan")})
