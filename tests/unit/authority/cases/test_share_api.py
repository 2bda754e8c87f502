"""The doors of sharing, and that there is no other."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proximity.authority.cases.model import share_tokens, shared_keys
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case
from proximity.authority.cases.tokens import Ask, issue_token
from proximity.authority.keyring import REVISION
from proximity.authority.service.app import ServiceApp
from proximity.authority.upload.model import exposures
from proximity.authority.upload.revision_token import make_token
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.sharing import Address, CasePackage, HeardTag, sign_package

KEY = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
PUBLIC = KEY.public_key().public_bytes_raw().hex()


@pytest.fixture
def authority(make_authority):
    return make_authority()


@pytest.fixture
def post(authority, founded, ask):
    app = ServiceApp(authority, {})

    def put(path: str, body, kind: str = "device"):
        headers = {"X-API-Key": getattr(founded, f"{kind}_key")}
        return ask(app, path, body, headers)

    return put


@pytest.fixture
def token(authority) -> str:
    scope, policy = Scope("officer"), TracingPolicy()
    day = authority.now_s // 86_400 - 2
    given = {"unit": "02653", "classification": "F0", "onset_day": day}
    world = {
        "policy": policy,
        "now_s": authority.now_s,
        "entropy": authority.entropy,
    }
    with authority.engine.begin() as connection:
        ref = create_case(connection, scope, given, **world)
        return issue_token(connection, scope, Ask(ref), **world).token


def package_for(opened: dict, day: int, revision_token: str = "") -> dict:
    address = Address("org.proximity", opened["case"], bytes.fromhex(opened["nonce"]))
    key = TemporaryExposureKey(b"\x01" * 16, day * 144)
    heard = tuple(
        HeardTag(bytes([n % 256, n // 256]) * 6, day * 86_400 + n, day * 86_400 + n, 1)
        for n in range(3_000)
    )
    return json.loads(
        sign_package(CasePackage(address, (key,), heard, revision_token), KEY)
    )


def test_a_package_of_hundreds_of_kilobytes_is_taken(post, token, authority):
    opened = post("/api/share/open", {"token": token, "publicKey": PUBLIC}).json
    package = package_for(opened, authority.now_s // 86_400 - 2)
    body = {"token": token, "package": package}
    assert len(json.dumps(body)) > 100_000

    answer = post("/api/share/package", body)
    assert answer.status == 200, answer.body
    assert (answer.json["keys"], answer.json["heard"]) == (1, 3_000)


def test_what_an_upload_left_proves_that_published_keys_are_ones_own(
    post, token, authority
):
    opened = post("/api/share/open", {"token": token, "publicKey": PUBLIC}).json
    day = authority.now_s // 86_400 - 2
    name = (b"\x01" * 16, day * 144, 144)
    row = dict(zip(("key", "start", "period"), name, strict=True))
    row |= {"report_type": 1, "onset_days": 0, "risk": 0, "traveler": False}
    row |= {"region": "VN", "origin": "", "release_s": 0, "forget_s": 2**40, "batch": 1}
    with authority.engine.begin() as connection:
        connection.execute(exposures.insert().values(row))
    left = make_token(
        [name], authority.keyring.current(REVISION), "org.proximity", authority.entropy
    )
    for text, proven in (("AAAA", False), (left, True)):
        package = package_for(opened, day, revision_token=text)
        with authority.engine.begin() as connection:
            connection.execute(share_tokens.update().values(used_s=None))
        assert (
            post("/api/share/package", {"token": token, "package": package}).status
            == 200
        )
        with authority.engine.begin() as connection:
            (key,) = connection.execute(shared_keys.select()).mappings()
        assert key["proven"] is proven


def test_refusals_name_their_code_and_nothing_of_the_person(post, token):
    for body, code in (
        ({"token": "NONE", "publicKey": PUBLIC}, "token_invalid"),
        ({"token": token, "publicKey": "00"}, "unparsable_request"),
        ({"token": "x" * 65, "publicKey": PUBLIC}, "unparsable_request"),
        ([], "unparsable_request"),
    ):
        answer = post("/api/share/open", body)
        assert (answer.status, answer.json["errorCode"]) == (400, code)
        assert token not in answer.body.decode()


def test_a_package_that_is_too_large_is_not_taken(post, token):
    body = b'{"token":"' + token.encode() + b'","package":{"a":"'
    body += b"x" * (4 << 20) + b'"}}'

    assert post("/api/share/package", body).status == 413
    assert post("/api/share/open", body).status == 413


def test_a_body_that_nests_without_end_is_refused(post, token):
    body = b'{"token":"T","package":{"a":' + b"[" * 60_000 + b"]" * 60_000 + b"}}"

    assert post("/api/share/package", body).status == 400


def test_only_devices_open_tokens(post, token):
    body = {"token": token, "publicKey": PUBLIC}

    assert post("/api/share/open", body, "admin").status == 401


def test_there_is_no_door_by_which_a_device_is_made_to_send(authority):
    """Every path that takes something of a person is asked by the person's device.

    Nothing of the API holds an address of a device, registers one, or queues something
    for one: an authority can issue a token, and wait.
    """
    app = ServiceApp(authority, {})
    paths = app._app.openapi()["paths"]
    taking = {path for path in paths if path.startswith("/api/share")}
    taking |= {"/v1/publish", "/api/verify", "/api/certificate", "/api/user-report"}

    assert taking <= set(paths)
    words = ("push", "register", "firebase", "fcm", "subscribe", "command", "device")
    assert not [p for p in paths if any(word in p.lower() for word in words)]
    fields = json.dumps(app._app.openapi()["components"]).lower()
    assert not [
        w for w in ("pushtoken", "firebase", "callback", "webhook") if w in fields
    ]
