import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.errors import (
    BadSignatureError,
    FormatError,
    UnknownSignerError,
    UnsupportedVersionError,
)
from proximity.scoring import config
from proximity.scoring.canonical import encode_canonical, parse_json
from proximity.scoring.config import (
    BUILT_IN,
    built_in,
    names,
    parse_configuration,
    parse_signed_configuration,
    sign_configuration,
)


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def other_key():
    return ec.generate_private_key(ec.SECP256R1())


def document(name="en-v2"):
    return parse_json(built_in(name).canonical)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_configuration_has_the_pinned_digest(name):
    found = built_in(name)

    assert found.name == name
    assert found.digest == hashlib.sha256(found.canonical).hexdigest() == BUILT_IN[name]


def test_cwa_is_short_for_the_first_german_rule():
    assert built_in("cwa") == built_in("cwa-2020-12")
    assert "cwa" in names()


def test_name_that_is_not_there_is_a_callers_mistake():
    with pytest.raises(KeyError):
        built_in("cwa-1999")


def test_damaged_installation_is_refused(monkeypatch):
    monkeypatch.setattr(config, "BUILT_IN", {"nhs": "00" * 32})

    with pytest.raises(FormatError, match="not the one shipped"):
        built_in("nhs")


def test_digest_does_not_depend_on_how_the_file_is_written():
    loose = b" " + encode_canonical(document()).replace(b":1,", b" : 1.0 ,")

    assert parse_configuration(loose) == built_in("en-v2")


def test_digest_changes_with_every_number():
    changed = document()
    changed["parameters"]["day_levels"]["high_from"] = 16

    assert parse_configuration(encode_canonical(changed)).digest != BUILT_IN["en-v2"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"version": 0}, "configuration.version is not within"),
        ({"name": "rule\n"}, "configuration.name is not printable"),
        ({"look_back_days": 15}, "configuration.look_back_days is not within 1..14"),
        ({"missing_report_type": "REVOKED"}, "missing_report_type is not one of"),
        ({"parameters": []}, "configuration.parameters is not an object"),
        ({"colour": 1}, "configuration.'colour' is not known here"),
    ],
)
def test_field_out_of_range_is_named(change, problem):
    with pytest.raises(FormatError, match=problem):
        parse_configuration(encode_canonical({**document(), **change}))


@pytest.mark.parametrize("field", document())
def test_missing_field_is_named(field):
    left = document()
    del left[field]

    with pytest.raises(FormatError, match=f"configuration.{field} is missing"):
        parse_configuration(encode_canonical(left))


def test_unknown_formula_and_schema_are_told_apart_from_damage():
    with pytest.raises(UnsupportedVersionError, match="'en-v9'"):
        parse_configuration(encode_canonical({**document(), "formula": "en-v9"}))
    with pytest.raises(UnsupportedVersionError, match="proximity/configuration/v2"):
        parse_configuration(
            encode_canonical({**document(), "schema": "proximity/configuration/v2"})
        )


def test_signed_configuration_is_believed_after_its_signature(key, other_key):
    signed = sign_configuration(built_in("nhs"), [other_key, key])

    verified = parse_signed_configuration(signed).verify([key.public_key()])

    assert verified == built_in("nhs")


def test_signature_by_another_key_is_refused(key, other_key):
    signed = parse_signed_configuration(sign_configuration(built_in("nhs"), [key]))

    with pytest.raises(BadSignatureError):
        signed.verify([other_key.public_key()])


def test_changed_number_breaks_the_signature(key):
    changed = parse_json(sign_configuration(built_in("nhs"), [key]))
    changed["configuration"]["parameters"]["day_levels"]["high_from"] = 1

    with pytest.raises(BadSignatureError):
        parse_signed_configuration(encode_canonical(changed)).verify([key.public_key()])


def test_unsigned_file_or_no_key_is_refused(key):
    unsigned = parse_signed_configuration(sign_configuration(built_in("nhs"), []))
    signed = parse_signed_configuration(sign_configuration(built_in("nhs"), [key]))

    with pytest.raises(UnknownSignerError):
        unsigned.verify([key.public_key()])
    with pytest.raises(UnknownSignerError):
        signed.verify([])


def test_bare_configuration_is_not_a_signed_one():
    with pytest.raises(UnsupportedVersionError):
        parse_signed_configuration(built_in("nhs").canonical)


@pytest.mark.parametrize("signature", ["00", "ff" * 72, "30060201000201"])
def test_bytes_that_are_no_signature_do_not_hold(signature, key):
    document = {
        "schema": "proximity/signed-configuration/v1",
        "configuration": parse_json(built_in("nhs").canonical),
        "signatures": [signature],
    }

    with pytest.raises(BadSignatureError):
        parse_signed_configuration(encode_canonical(document)).verify(
            [key.public_key()]
        )


def test_nothing_of_an_unverified_configuration_shows(key):
    signed = parse_signed_configuration(sign_configuration(built_in("nhs"), [key]))

    assert repr(signed) == "SignedConfiguration()"
