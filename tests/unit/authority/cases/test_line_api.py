"""The line list over HTTP: a dry run first, all rows or none."""

import pytest

from proximity.authority.service.app import ServiceApp

GOOD = "unit,classification,assigned\n02653,F0,a@x.org\n02653,F1,\n"
BAD = GOOD + "02653,F9,\n"


@pytest.fixture
def authority(make_authority):
    return make_authority()


@pytest.fixture
def call(authority, founded, ask):
    app = ServiceApp(authority, {})

    def put(query: str = "", body: bytes | None = None):
        headers = {"X-API-Key": founded.admin_key, "content-type": "text/csv"}
        return ask(app, f"/api/cases/lines{query}", body, headers)

    return put


def lines(call) -> int:
    return call().body.count(b"\r\n") - 1


def test_a_dry_run_tells_every_row_and_writes_nothing(call):
    answer = call("", GOOD.encode())

    assert answer.status == 200, answer.body
    assert [line["action"] for line in answer.json["lines"]] == ["created"] * 2
    assert answer.json["written"] is False
    assert lines(call) == 0


def test_all_rows_are_written_or_none(call):
    refused = call("?dry_run=false", BAD.encode()).json
    assert (refused["written"], refused["refused"]) == (False, 1)
    assert lines(call) == 0

    assert call("?dry_run=false", GOOD.encode("utf-16")).json["written"] is True
    assert lines(call) == 2


def test_the_list_goes_out_in_the_encoding_that_is_asked_for(call):
    call("?dry_run=false", GOOD.encode())
    answer = call("?encoding=utf-16&classification=F1")

    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.body.decode("utf-16").count("\r\n") == 2
    assert call("?encoding=klingon").status == 400


@pytest.mark.parametrize("body", [b"a,a\n", b"ref,salary\n1,2\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_line_list_is_refused(call, body):
    assert call("", body).status == 400
