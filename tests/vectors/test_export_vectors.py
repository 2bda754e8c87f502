"""Published exports: written byte for byte, their signatures, the samples."""

import base64
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from proximity import errors
from proximity.protocol.diagnosis_key import NO_ONSET
from proximity.protocol.export import open_export, open_unsigned
from proximity.protocol.export_message import SignatureInfo
from proximity.protocol.export_request import parse_ens_request, parse_own_request
from proximity.protocol.export_writer import encode_body
from proximity.protocol.signature import VerificationKey, load_public_key

VECTORS = json.loads(Path(__file__).with_name("export.json").read_text("utf-8"))
EXACT = VECTORS["byte_exact"]
CASES = VECTORS["signatures"]["cases"]
ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PROXIMITY_DATA", ROOT.parent / "shared" / "data"))
FOLDER = DATA / "exports"

needs_data = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="PROXIMITY_DATA has no folder `exports` of samples"
)


def public_key(name: str, key_id: str | None = None, version: str | None = None):
    text = VECTORS["public_keys"][name]
    pem = f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"
    return VerificationKey(load_public_key(pem.encode()), key_id, version)


def zipped(body: bytes, signatures: bytes) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("export.bin", body)
        archive.writestr("export.sig", signatures)
    stream.seek(0)
    return stream


def ens_keys() -> bytes:
    """The published example's keys in the form in which it publishes them."""
    names = {
        "key": "key",
        "start_interval": "rollingStartNumber",
        "period": "rollingPeriod",
        "transmission_risk": "transmissionRisk",
    }
    entries = [
        {names[name]: value for name, value in key.items()} for key in EXACT["keys"]
    ]
    return json.dumps({"temporaryExposureKeys": entries}).encode()


def own_keys() -> bytes:
    fields = ("region", "start", "end", "key_id", "key_version", "keys")
    return json.dumps({name: EXACT[name] for name in fields}).encode()


@pytest.mark.parametrize(
    "request_",
    [parse_own_request(own_keys(), 0), parse_ens_request(ens_keys())],
    ids=["own", "ens"],
)
def test_the_published_export_is_reproduced_byte_for_byte(request_):
    info = SignatureInfo(request_.key_id, request_.key_version)

    body = b"".join(encode_body(request_.content, [info]))

    assert body.hex() == EXACT["export_bin"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_signature_over_the_published_export_is_judged_as_expected(case):
    body, signatures = (
        bytes.fromhex(text) for text in (EXACT["export_bin"], case["export_sig"])
    )
    trusted = [public_key("ens-example", EXACT["key_id"], EXACT["key_version"])]

    if case["expect"] == "success":
        export = open_export(zipped(body, signatures)).verify(trusted)
        assert export.region == EXACT["region"]
        keys = export.read().keys
        assert [key.tobytes() for key in keys.key] == [
            base64.b64decode(key["key"]) for key in EXACT["keys"]
        ]
        assert keys.period.tolist() == [key["period"] for key in EXACT["keys"]]
    else:
        with pytest.raises(errors.ProximityError) as caught:
            open_export(zipped(body, signatures)).verify(trusted)
        assert type(caught.value).__name__ == case["expect"]


@needs_data
@pytest.mark.parametrize(
    "sample", VECTORS["samples"], ids=[sample["file"] for sample in VECTORS["samples"]]
)
def test_a_sample_is_judged_as_expected(sample):
    signed = open_export(FOLDER / sample["file"])
    trusted = [public_key(sample["key"])]

    assert signed.unverified().key_count == sample["keys"]
    if sample["expect"] == "success":
        assert len(signed.verify(trusted).read().keys.key) == sample["keys"]
    else:
        with pytest.raises(errors.ProximityError) as caught:
            signed.verify(trusted)
        assert type(caught.value).__name__ == sample["expect"]


@needs_data
def test_no_sample_verifies_by_the_key_of_another():
    for sample in VECTORS["samples"]:
        for name in VECTORS["public_keys"].keys() - {sample["key"]}:
            with pytest.raises(errors.ProximityError):
                open_export(FOLDER / sample["file"]).verify([public_key(name)])


@needs_data
def test_a_bare_sample_holds_the_key_of_the_published_round_trip():
    vector = VECTORS["round_trip"]

    keys = open_unsigned(FOLDER / vector["file"]).read().keys

    assert len(keys.key) == vector["keys"]
    wanted = np.frombuffer(bytes.fromhex(vector["key"]), np.uint8)
    (row,) = np.flatnonzero((keys.key == wanted).all(axis=1))
    assert keys.start_interval[row] == vector["start_interval"]


@needs_data
def test_a_bare_sample_with_an_explicit_risk_of_0_is_read():
    keys = open_unsigned(FOLDER / "exports/google_internals_testdata_export.bin").read()

    assert len(keys.keys.key) == 200
    assert (keys.keys.transmission_risk == 0).sum() == 1


@needs_data
def test_a_padded_sample_has_report_types_and_days_since_onset():
    sample = FOLDER / "exports/ens_1605818700-1605819000-0001-ff23e2.zip"

    keys = open_export(sample).unverified().read().keys

    assert set(keys.report_type.tolist()) == {1, 2}
    assert NO_ONSET not in keys.days_since_onset
    assert keys.days_since_onset.min() < 0
