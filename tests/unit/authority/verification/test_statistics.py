"""The daily figures, in the published shapes."""

import csv
import io

import pytest

from proximity.authority.service.app import ServiceApp
from proximity.authority.verification.counts import tally, tally_claim
from proximity.authority.verification.issuing import CodeOrder, issue_code
from proximity.units import iso_day

# Published: the expected tables of google/exposure-notifications-verification-server,
# pkg/database/*_stat*_test.go.
HEADERS = {
    "realm.csv": (
        "date,codes_issued,codes_claimed,codes_invalid,tokens_claimed,tokens_invalid,"
        "code_claim_mean_age_seconds,code_claim_age_distribution,user_reports_issued,"
        "user_reports_claimed,user_report_tokens_claimed,codes_invalid_unknown_os,"
        "codes_invalid_ios,codes_invalid_android,user_reports_invalid_nonce"
    ),
    "realm/key-server.csv": (
        "day,publish_requests_unknown,publish_requests_android,publish_requests_ios,"
        "total_teks_published,requests_with_revisions,requests_missing_onset_date,"
        "tek_age_distribution,onset_to_upload_distribution"
    ),
    "realm/composite.csv": (
        "date,codes_issued,codes_claimed,codes_invalid,tokens_claimed,tokens_invalid,"
        "code_claim_mean_age_seconds,code_claim_age_distribution,"
        "publish_requests_unknown,publish_requests_android,publish_requests_ios,"
        "total_teks_published,requests_with_revisions,requests_missing_onset_date,"
        "tek_age_distribution,onset_to_upload_distribution,user_reports_issued,"
        "user_reports_claimed,user_report_tokens_claimed,codes_invalid_unknown_os,"
        "codes_invalid_ios,codes_invalid_android,user_reports_invalid_nonce"
    ),
    "realm/users.csv": "date,realm_id,user_id,name,email,codes_issued",
    "realm/external-issuers.csv": "date,realm_id,issuer_id,codes_issued",
    "realm/sms-errors.csv": "date,realm_id,error_code,quantity",
}


@pytest.fixture
def read(authority, founded, ask):
    """Return what reads a table with the key for it."""
    app = ServiceApp(authority, {})

    def get(path: str, key: str = founded.stats_key):
        return ask(app, f"/api/stats/{path}", None, {"x-api-key": key})

    return get


@pytest.fixture
def today(authority) -> str:
    return iso_day(authority.now_s // 86_400)


def counted(authority, days_back: int = 0, **figures: int) -> None:
    with authority.engine.begin() as connection:
        for name, number in figures.items():
            tally(connection, name, authority.now_s - 86_400 * days_back, number)


def test_a_day_is_a_row_the_newest_first(read, authority, today):
    counted(authority, codes_issued=3)
    counted(authority, 1, codes_invalid=2)
    document = read("realm.json").json
    rows = document["statistics"]

    yesterday = iso_day(authority.now_s // 86_400 - 1)
    assert document["realm_id"] == 1
    assert [row["date"] for row in rows[:2]] == [
        f"{today}T00:00:00Z",
        f"{yesterday}T00:00:00Z",
    ]
    assert rows[0]["data"]["codes_issued"] == 3
    assert rows[1]["data"]["codes_invalid_by_os"]["unknown_os"] == 2
    assert len(rows) == 30


def test_claims_are_told_by_their_age(read, authority):
    with authority.engine.begin() as connection:
        for age_s in (30, 60, 61, 100_000):
            tally_claim(connection, authority.now_s, age_s=age_s, is_report=age_s == 61)
    data = read("realm.json").json["statistics"][0]["data"]

    assert data["codes_claimed"] == 4
    assert data["user_reports_claimed"] == 1
    assert data["code_claim_mean_age_seconds"] == 25_038
    assert data["code_claim_age_distribution"] == [2, 1, *[0] * 7, 0, 1]


@pytest.mark.parametrize("path", HEADERS)
def test_tables_have_the_published_columns(read, path):
    answer = read(path)

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.body.decode().splitlines()[0] == HEADERS[path]


def test_uploads_of_a_quiet_day_are_not_told(read, authority):
    counted(authority, publish_requests=9, onset_age_3=9, teks_published=99)
    composite = read("realm/composite.json").json

    assert read("realm/key-server.json").json["statistics"] == []
    assert composite["has_key_server_stats"] is True
    assert "publish_requests" not in composite["statistics"][0]["data"]
    assert "9" not in read("realm/composite.csv").body.decode().splitlines()[1][10:]


def test_uploads_of_a_busy_day_are(read, authority, today):
    counted(authority, publish_requests=10, teks_published=140)
    counted(authority, onset_age_3=4, tek_age_14=6, onset_missing=6)
    (row,) = read("realm/key-server.json").json["statistics"]
    (line,) = csv.DictReader(io.StringIO(read("realm/key-server.csv").body.decode()))

    assert row["day"] == f"{today}T00:00:00Z"
    assert row["publish_requests"] == {"unknown": 10, "android": 0, "ios": 0}
    assert row["total_teks_published"] == 140
    assert row["onset_to_upload_distribution"] == [0, 0, 0, 4, *[0] * 27]
    assert row["tek_age_distribution"] == [*[0] * 14, 6, 0, 0]
    assert row["requests_missing_onset_date"] == 6
    assert line["day"] == today
    assert line["onset_to_upload_distribution"].startswith("0|0|0|4|0")


def test_codes_are_told_by_the_issuers_that_programs_name(read, authority, today):
    for issuer in ("clinic-2", "clinic-1", "clinic-1", ""):
        issue_code(authority, CodeOrder("confirmed", today, issuer=issuer))

    assert read("realm/external-issuers.json").json["statistics"] == [
        {
            "date": f"{today}T00:00:00Z",
            "issuer_data": [
                {"issuer_id": "clinic-1", "codes_issued": 2},
                {"issuer_id": "clinic-2", "codes_issued": 1},
            ],
        }
    ]
    assert f"{today},1,clinic-1,2" in read("realm/external-issuers.csv").body.decode()


def test_messages_that_were_not_sent_are_told(read, authority, today):
    counted(authority, sms_errors=2)

    assert read("realm/sms-errors.json").json["statistics"] == [
        {
            "date": f"{today}T00:00:00Z",
            "error_data": [{"error_code": "not_sent", "quantity": 2}],
        }
    ]


@pytest.mark.parametrize("path", ["realm.xml", "realm/none.json", "realm/"])
def test_other_tables_are_not(read, path):
    answer = read(path)

    assert (answer.status, answer.json["errorCode"]) == (404, "not_found")


@pytest.mark.parametrize("kind", ["device_key", "admin_key"])
def test_other_keys_do_not_read_them(read, founded, kind):
    for path in ("realm.json", "realm/composite.csv"):
        assert read(path, getattr(founded, kind)).status == 401
