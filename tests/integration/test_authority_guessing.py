"""Codes that are guessed, shared or raced for, over HTTP."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

ALL = ["confirmed", "likely", "negative"]


def verify(rig, code: str, **headers: str):
    body = {"code": code, "accept": ALL}
    answer = rig.ask("/api/verify", body, key="device", headers=headers)
    return answer.status, answer.json.get("errorCode")


def at_once(number: int, call: Callable[[], object]) -> Counter[object]:
    """Call from many threads that begin together; count what they got."""
    barrier, got = threading.Barrier(number), []

    def run() -> None:
        barrier.wait()
        got.append(call())

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(got)


def test_guessing_ends_for_a_client_also_with_the_right_code(make_rig):
    rig = make_rig(client_tries="20")
    right = rig.issue()["code"]
    guesses = Counter(verify(rig, f"{n:08d}") for n in range(25))

    assert guesses == {(400, "code_not_found"): 20, (429, "quota_exceeded"): 5}
    assert verify(rig, right) == (429, "quota_exceeded")
    # The proxy on this machine names another client.
    assert verify(rig, right, **{"X-Forwarded-For": "192.0.2.7"}) == (200, None)


def test_a_client_cannot_give_itself_another_address(make_rig):
    rig = make_rig(client_tries="3", trusted_proxies="192.0.2.1")
    guesses = [
        verify(rig, f"{n:08d}", **{"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(5)
    ]

    assert guesses[3:] == [(429, "quota_exceeded")] * 2


def test_guessing_by_many_clients_ends_for_the_whole_authority(make_rig):
    rig = make_rig(realm_tries="5")
    guesses = [
        verify(rig, f"{n:08d}", **{"X-Forwarded-For": f"2001:db8:0:{n}::1"})
        for n in range(7)
    ]

    assert guesses[5:] == [(429, "quota_exceeded")] * 2


def test_of_many_who_show_a_code_at_once_one_gets_a_token(rig):
    code = rig.issue()["code"]
    got = at_once(12, lambda: verify(rig, code))

    assert got == {(200, None): 1, (400, "code_invalid"): 11}


def test_of_many_who_show_a_token_at_once_one_gets_a_certificate(rig, new_keys):
    body = {"token": rig.token(), "ekeyhmac": rig.mac(new_keys(1))}

    def ask():
        answer = rig.ask("/api/certificate", body, key="device")
        return answer.status, answer.json.get("errorCode")

    assert at_once(12, ask) == {(200, None): 1, (400, "token_invalid"): 11}


def test_an_upload_that_comes_many_times_at_once_is_stored_once(make_rig, new_keys):
    rig = make_rig(minimum="0")
    body = rig.request(new_keys(5))
    got = at_once(12, lambda: rig.publish(body).json["insertedExposures"])

    assert got == {5: 12}
    assert rig.work()["keys"] == 5


@pytest.mark.parametrize("key", [None, "admin", "stats"])
def test_a_code_is_not_looked_at_without_a_key_of_a_device(rig, key):
    answer = rig.ask("/api/verify", {"code": "1"}, key=key)

    assert (answer.status, answer.json["errorCode"]) == (401, "unauthorized")


@pytest.mark.parametrize("key", ["", "x", "é" * 40, "A" * 9_000, "' OR 1=1 --"])
def test_a_key_that_is_none_opens_nothing(rig, key):
    headers = {"X-API-Key": key}
    answer = rig.ask("/api/issue", {"testType": "confirmed"}, headers=headers)

    assert (answer.status, answer.json["errorCode"]) == (401, "unauthorized")


def test_a_link_holds_where_the_spoken_code_is_over(make_rig, a_time):
    rig = make_rig()
    issued = rig.issue(phone="+84900000001", onlyGenerateSMS=True)
    link = issued["generatedSMS"].split("c=")[1].split(" ")[0]

    assert (len(issued["code"]), len(link)) == (8, 16)
    assert issued["longExpiresAtTimestamp"] - issued["expiresAtTimestamp"] == 85_500
    rig.stop()
    rig.start(a_time + 901)
    assert verify(rig, issued["code"]) == (400, "code_expired")
    assert verify(rig, link) == (200, None)
    assert verify(rig, link) == (400, "code_invalid")
