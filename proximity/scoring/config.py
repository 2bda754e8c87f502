"""Configurations: a rule with its numbers, versioned, checked, signed, pinned."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from proximity.errors import (
    BadSignatureError,
    FormatError,
    UnknownSignerError,
    UnsupportedVersionError,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.canonical import encode_canonical, parse_json
from proximity.scoring.fields import Fields, refuse
from proximity.scoring.formulas import FORMULAS
from proximity.scoring.rule import Rule

SCHEMA = "proximity/configuration/v1"
SIGNED_SCHEMA = "proximity/signed-configuration/v1"
MAX_LOOK_BACK_DAYS = 14
MAX_SIGNATURES = 16
MAX_SIGNATURE_BYTES = 80
MISSING_REPORT_TYPES = (
    ReportType.CONFIRMED_TEST,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
    ReportType.SELF_REPORT,
)

# The configurations in this package and their digests; a damaged one is refused.
BUILT_IN: Mapping[str, str] = {
    "cwa-2020-12": "96c840573650650d39fb6647a06fd275e92e2b49f64694621cf0400fe4268ef4",
    "cwa-2021-03": "91a3b58fa666dc49f60c49780711309734da38f7d5f50f8f48f03f723ff42f76",
    "cwa-2022": "7e12914eeb513acc3223416ac0c1393ca089d93aa32be1db73f3a49282231863",
    "default": "2bc6d8382e4f4c34626e9f0f27bdab15d9a9c4748a4866d80b7e5213ae670817",
    "en-v1": "2b57ae1ca79aa1db5c37fe5322310bfb82223e74df6ae9dd03827fd990d2eebf",
    "en-v2": "510c4b0b97b687ce3816cfdc76b3c94d57da142733d6d2edd04d26fbf023318e",
    "nhs": "69c5a94c7387c092c2ced837b8a29a8d6d278f23601cff11cfc5bb890f1a3cac",
}
# What a device decides by unless told otherwise.
DEFAULT_RULE = "default"
# The one short name.
ALIASES: Mapping[str, str] = {"cwa": "cwa-2020-12"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A rule and all its numbers; equal digests decide alike.

    Attributes
    ----------
    name : str
        For example "cwa-2020-12".
    version : int
        Counts up with every change of the numbers.
    digest : str
        SHA-256 of the canonical JSON, 64 hex digits.
    rule : Rule
        Ready to score.
    canonical : bytes
        The canonical JSON itself.
    """

    name: str
    version: int
    digest: str
    rule: Rule = field(repr=False)
    canonical: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedConfiguration:
    """A configuration as an authority sends it: nothing of it is believed yet."""

    _configuration: Configuration = field(repr=False)
    _signatures: tuple[bytes, ...] = field(repr=False)

    def verify(self, keys: Iterable[ec.EllipticCurvePublicKey]) -> Configuration:
        """Return the configuration if one of the keys signed it.

        Parameters
        ----------
        keys : iterable of P-256 public keys
            Those of the authorities that may set rules here.

        Raises
        ------
        UnknownSignerError
            If it carries no signature, or no key is given.
        BadSignatureError
            If no signature holds under any of the keys.
        """
        accepted = list(keys)
        if not accepted or not self._signatures:
            message = "the configuration is not signed by a known key"
            raise UnknownSignerError(message, "Ask the authority for a signed file.")
        for key in accepted:
            for signature in self._signatures:
                if _holds(key, signature, self._configuration.canonical):
                    return self._configuration
        message = "no signature of the configuration holds"
        raise BadSignatureError(
            message, "Check the public key, and get the file again."
        )


def built_in(name: str) -> Configuration:
    """Return a configuration of this package by its name or short name.

    Raises
    ------
    KeyError
        If there is none of that name; `names()` lists them.
    FormatError
        If the installed file is damaged.
    """
    name = ALIASES.get(name, name)
    digest = BUILT_IN[name]
    folder = resources.files("proximity.scoring") / "configurations"
    configuration = parse_configuration((folder / f"{name}.json").read_bytes())
    if (configuration.name, configuration.digest) != (name, digest):
        message = f"the built-in configuration {name} is not the one shipped"
        raise FormatError(message, "Install the package again.")
    return configuration


def names() -> list[str]:
    """Return the names that `built_in` knows, the short one included."""
    return sorted([*BUILT_IN, *ALIASES])


def parse_configuration(data: bytes) -> Configuration:
    """Read a configuration.

    Parameters
    ----------
    data : bytes
        JSON as docs/reference/configurations.md describes it.

    Raises
    ------
    UnsupportedVersionError
        If its schema or its rule is not known here.
    FormatError
        Naming the field that is missing, unknown or out of range.
    """
    return _read_configuration(parse_json(data))


def parse_signed_configuration(data: bytes) -> SignedConfiguration:
    """Read a signed configuration; believe it after `verify` only.

    Raises
    ------
    FormatError
        As `parse_configuration`.
    """
    fields = Fields(parse_json(data), "signed configuration")
    _expect_schema(fields, SIGNED_SCHEMA)
    configuration = _read_configuration(fields.raw("configuration"))
    signatures = fields.hex_list(
        "signatures", range(MAX_SIGNATURES + 1), MAX_SIGNATURE_BYTES
    )
    fields.finish()
    return SignedConfiguration(configuration, signatures)


def sign_configuration(
    configuration: Configuration, keys: Iterable[ec.EllipticCurvePrivateKey]
) -> bytes:
    """Return the signed file, one signature a key.

    ECDSA with SHA-256 over the canonical JSON of the configuration; several keys let
    an authority rotate them.
    """
    algorithm = ec.ECDSA(SHA256())
    document = {
        "schema": SIGNED_SCHEMA,
        "configuration": parse_json(configuration.canonical),
        "signatures": [k.sign(configuration.canonical, algorithm).hex() for k in keys],
    }
    return encode_canonical(document)


def _read_configuration(value: object) -> Configuration:
    fields = Fields(value, "configuration")
    _expect_schema(fields, SCHEMA)
    formula = fields.text("formula", 64)
    if formula not in FORMULAS:
        message = f"the configuration names a formula that is not known: {formula!r}"
        raise UnsupportedVersionError(message, f"Known: {', '.join(FORMULAS)}.")
    name = fields.text("name", 64)
    if not name.isascii() or not name.isprintable():
        refuse("configuration.name", "is not printable ASCII")
    missing = fields.choice(
        "missing_report_type", [r.name for r in MISSING_REPORT_TYPES]
    )
    rule = Rule(
        formula=FORMULAS[formula](fields.member("parameters")),
        look_back_days=fields.integer("look_back_days", 1, MAX_LOOK_BACK_DAYS),
        missing_report_type=ReportType[missing],
    )
    version = fields.integer("version", 1, 2**31 - 1)
    fields.finish()
    canonical = encode_canonical(value)
    digest = hashlib.sha256(canonical).hexdigest()
    return Configuration(name, version, digest, rule, canonical)


def _expect_schema(fields: Fields, schema: str) -> None:
    found = fields.text("schema", 64)
    if found != schema:
        message = f"the file is {found!r}, not {schema!r}"
        raise UnsupportedVersionError(message, "Get a file for this version.")


def _holds(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
