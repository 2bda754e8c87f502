"""Bodies of requests, within bounds."""

import asyncio

import pytest

from proximity.authority.service.bodies import BodyError, answer, read_body, replay


def read(*pieces: bytes, headers=(), pause_s: float = 0, **bounds):
    messages = [
        {"type": "http.request", "body": piece, "more_body": n < len(pieces) - 1}
        for n, piece in enumerate(pieces)
    ]

    async def receive():
        await asyncio.sleep(pause_s)
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return asyncio.run(read_body(receive, {"headers": list(headers)}, **bounds))


def refused(*pieces: bytes, **bounds) -> int:
    with pytest.raises(BodyError) as caught:
        read(*pieces, **bounds)
    return caught.value.status


def test_pieces_are_joined():
    assert read(b"ab", b"", b"c") == b"abc"


def test_a_body_at_the_bound_is_taken_and_one_beyond_is_not():
    assert read(b"1234", max_bytes=4) == b"1234"
    assert refused(b"123", b"45", max_bytes=4) == 413


def test_an_announced_length_is_refused_before_it_is_read():
    headers = [(b"content-length", b"5")]

    assert refused(b"x", headers=headers, max_bytes=4) == 413


def test_a_slow_body_is_given_up():
    assert refused(b"a", pause_s=1.0, seconds=0.01) == 408


def test_a_client_that_left_gets_no_answer():
    assert refused() == 0


def test_a_body_that_was_read_is_given_again_then_what_follows():
    async def run():
        async def receive():
            return {"type": "http.disconnect"}

        again = replay(b"abc", receive)
        return [await again(), await again()]

    first, second = asyncio.run(run())
    assert (first["body"], first["more_body"]) == (b"abc", False)
    assert second["type"] == "http.disconnect"


def test_an_answer_states_its_length():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(answer(send, 418, b"tea", [(b"x-a", b"b")]))
    assert sent[0]["status"] == 418
    assert (b"content-length", b"3") in sent[0]["headers"]
    assert sent[1]["body"] == b"tea"
