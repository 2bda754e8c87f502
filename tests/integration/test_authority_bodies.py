"""What a stranger sends: too much, too slowly, or of another form."""

import gzip
import http.client
import json
import socket
import time
from contextlib import closing

import pytest

# One worker: these tests share a server.
pytestmark = pytest.mark.xdist_group("authority_bodies")

REFUSED = (400, "unparsable_request")
HEAD = b"POST /v1/publish HTTP/1.1\r\nHost: a\r\n"
DOORS = ["verify", "certificate", "issue", "batch-issue"]


def everywhere(value: bytes) -> bytes:
    """Return an object that has a value in a field of each door."""
    names = (b"code", b"token", b"testType", b"codes", b"temporaryExposureKeys")
    return b"{" + b",".join(b'"%s":%s' % (name, value) for name in names) + b"}"


FORMS = {
    "nothing": b"",
    "half an object": b'{"code": "1',
    "another type": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "deep lists": b"[" * 60_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep where it is ignored": b'{"code":"1","x":'
    + b"[" * 20_000
    + b"]" * 20_000
    + b"}",
    "latin-1": b'{"code": "\xe9"}',
    "a byte order mark": b'\xef\xbb\xbf{"code": "1"}x',
    "half a surrogate": b'{"code": "\\ud800", "testType": "\\ud800"}',
    "an integer of many digits": everywhere(b"9" * 10_000),
    "a large integer for text": everywhere(b"18446744073709551616"),
    "not a number": everywhere(b"NaN"),
    "infinity": everywhere(b"-Infinity"),
    "compressed": gzip.compress(b'{"code": "1"}'),
    "a bomb": gzip.compress(bytes(40_000_000)),
    "comments": b'{"code": "1" /* , */}',
}


@pytest.fixture(scope="module")
def quick(make_rig):
    """Return an authority that waits only a second for a head, and for a body."""
    return make_rig(minimum="20", request_timeout_s="1", client_tries="100000")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", DOORS)
def test_a_body_of_another_form_is_unparsable(quick, path, form):
    key = "admin" if "issue" in path else "device"
    answer = quick.ask(f"/api/{path}", FORMS[form], key=key)

    # A lone surrogate or an ignored field is JSON, with fields that are wrong or none.
    assert answer.status == 400
    if form not in ("deep where it is ignored", "half a surrogate"):
        assert answer.json["errorCode"] == "unparsable_request"


@pytest.mark.parametrize("form", FORMS)
def test_an_upload_of_another_form_is_a_bad_request(quick, form):
    answer = quick.publish(FORMS[form])

    assert (answer.status, answer.json["code"]) == (400, "bad_request")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
def test_no_body_is_unpacked(quick, new_keys, encoding):
    body = json.dumps(quick.request(new_keys(1))).encode()
    packed = quick.ask(
        "/v1/publish", gzip.compress(body), headers={"Content-Encoding": encoding}
    )

    assert (packed.status, packed.json["code"]) == (400, "bad_request")
    assert quick.publish(body).status == 200


@pytest.mark.parametrize("path", ["/v1/publish", "/api/verify", "/healthz"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_and_the_refusal_can_be_read(
    quick, path, chunked
):
    connection = http.client.HTTPConnection(*quick.address, timeout=10)
    with closing(connection):
        pieces = iter([b"x" * 30_000] * 10)
        body = pieces if chunked else b"x" * 300_000
        connection.request("POST", path, body, encode_chunked=chunked)
        assert connection.getresponse().status == 413


def sent_until_cut_off(address, head: bytes, piece: bytes) -> int:
    """Return how much a server took before it closed the connection."""
    sent = 0
    with closing(socket.create_connection(address, timeout=10)) as line:
        line.sendall(head)
        try:
            while sent < 50_000_000:
                line.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
    return sent


def test_a_body_without_an_end_is_cut_off(quick):
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    piece = b"10000\r\n" + bytes(65_536) + b"\r\n"

    # What the buffers of two sockets hold was never read.
    assert sent_until_cut_off(quick.address, head, piece) < 20_000_000


def test_headers_without_an_end_are_cut_off(quick):
    sent = sent_until_cut_off(quick.address, HEAD + b"X: ", b"a" * 65_536)

    assert sent < 20_000_000


SLOW = {
    "silence": (b"", b""),
    "blank lines": (b"", b"\r\n"),
    "a request line": (b"GET /", b"a"),
    "headers": (HEAD, b"a: b\r\n"),
    "a body": (HEAD + b"Content-Length: 60000\r\n\r\n", b"x"),
    "a body after its refusal": (HEAD + b"Content-Length: 70000\r\n\r\n", b"x"),
    "a second request": (
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\n",
        b"a: b\r\n",
    ),
}


def drip(line: socket.socket, more: bytes) -> bytes | None:
    """Send a little and return what was answered; None once the line is closed."""
    try:
        line.sendall(more)
        line.settimeout(0.01)
        return line.recv(65_536) or None
    except TimeoutError:
        return b""
    except OSError:
        return None


def test_who_sends_slowly_holds_nothing_up(quick):
    begun = time.perf_counter()
    lines = {name: socket.create_connection(quick.address, timeout=10) for name in SLOW}
    for name, line in lines.items():
        line.sendall(SLOW[name][0])
    received = dict.fromkeys(lines, b"")
    held = set(lines)
    while held and time.perf_counter() - begun < 8:
        assert quick.ask("/healthz").status == 200
        time.sleep(0.1)
        for name in sorted(held):
            answered = drip(lines[name], SLOW[name][1])
            received[name] += answered or b""
            if answered is None:
                held.remove(name)
    for line in lines.values():
        line.close()

    assert held == set()
    for name in ("silence", "blank lines", "a request line", "headers", "a body"):
        assert received[name].startswith(b"HTTP/1.1 408 "), name
    assert received["a body after its refusal"].startswith(b"HTTP/1.1 413 ")
    assert received["a second request"].startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in received["a second request"]


def head_of(rig, path: str, host: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(*rig.address, timeout=10)
    with closing(connection):
        connection.request("HEAD", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())


def test_head_is_get_without_its_body(quick):
    for path in ("/exports/index.txt", "/healthz"):
        got = quick.ask(path)
        status, body, headers = head_of(quick, path, "a")
        assert (status, body) == (200, b"")
        assert headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize(
    "path", ["/healthz/", "/api/verify/", "//healthz", "/exports/"]
)
def test_no_answer_leads_to_the_host_that_a_client_names(quick, path):
    status, _, headers = head_of(quick, path, "elsewhere.example")

    assert status == 404
    assert "elsewhere" not in str(headers)


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: -4",
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: chunked, identity",
    ],
)
def test_a_body_whose_end_is_not_certain_is_refused(quick, framing):
    with closing(socket.create_connection(quick.address, timeout=10)) as line:
        line.sendall(
            HEAD + framing.encode() + b"\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n"
        )
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 400
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("issue", {"testType": ["confirmed"]}),
        ("issue", {"testType": "confirmed", "testDate": 20260520}),
        ("issue", {"testType": "confirmed", "tzOffset": 1e308}),
        ("issue", {"testType": "confirmed", "tzOffset": 10**400}),
        ("issue", {"testType": "confirmed", "phone": {}}),
        ("issue", {"testType": "confirmed", "uuid": "x" * 600}),
        ("issue", {"testType": "confirmed", "externalIssuerID": "a\0b"}),
        ("batch-issue", {"codes": {}}),
        ("batch-issue", {"codes": [{}] * 11}),
        ("batch-issue", {"codes": [None]}),
        ("checkcodestatus", {"uuid": 1}),
        ("expirecode", {}),
        ("verify", {"code": True}),
        ("verify", {"code": "1", "accept": "confirmed"}),
        ("verify", {"code": "1", "accept": ["confirmed"] * 17}),
        ("verify", {"code": "1", "nonce": "%"}),
        ("certificate", {"token": 1, "ekeyhmac": ""}),
        ("user-report", {"phone": "+84900000001", "nonce": "*"}),
    ],
)
def test_fields_of_another_type_are_unparsable(quick, path, body):
    device = path in ("verify", "certificate", "user-report")
    answer = quick.ask(f"/api/{path}", body, key="device" if device else "admin")

    assert (answer.status, answer.json["errorCode"]) == REFUSED


def test_of_a_field_that_comes_twice_the_last_counts_for_every_check(quick, new_keys):
    good, other = new_keys(2)
    body = json.dumps(quick.request([good]))
    keys = json.dumps([other.fields])
    first = body.replace("{", '{"temporaryExposureKeys": ' + keys + ", ", 1)
    last = body.removesuffix("}") + ', "temporaryExposureKeys": ' + keys + "}"

    # The certificate is for the good key alone, whatever was said before or after.
    refused = quick.publish(last.encode())
    assert (refused.status, refused.json["code"]) == (
        401,
        "health_authority_verification_certificate_invalid",
    )
    assert quick.publish(first.encode()).json["insertedExposures"] == 1


def test_nothing_was_stored_by_all_this_and_the_server_is_ready(quick):
    assert quick.ask("/readyz").status == 200
    assert quick.work()["held_back"] == 0
