from proximity.protocol import bluezone, gaen
from proximity.protocol.carrier import Carrier, encode_carrier
from proximity.protocol.linkability import Linkability, audit_linkability
from proximity.protocol.reception import Broadcast, gather_receptions

A, B, C = (bytes(5) + letter for letter in (b"a", b"b", b"c"))


def sent(ephemeral_id: bytes) -> bytes:
    return gaen.encode_advertisement(ephemeral_id * 16, bytes(4))


def audit(*heard: tuple[int, bytes | None, bytes], scheme: str = gaen.NAME):
    receptions = gather_receptions(
        (t_ms, -60, Broadcast(address, data)) for t_ms, address, data in heard
    )
    return audit_linkability(receptions)[scheme]


def test_ids_that_change_with_their_address_break_nothing():
    result = audit(
        (1_000, A, sent(b"1")), (3_000, A, sent(b"1")), (4_000, B, sent(b"2"))
    )

    assert result == Linkability(2, 2, 2, 0, 0, 0, 1, 2.0, 0)


def test_one_address_with_two_ids_joins_them():
    result = audit((1_000, A, sent(b"1")), (4_000, A, sent(b"2")))

    assert result == Linkability(2, 1, 2, 2, 1, 0, 2, 3.0, 0)


def test_one_id_under_two_addresses_joins_them():
    result = audit((1_000, A, sent(b"1")), (4_000, B, sent(b"1")))

    assert result == Linkability(1, 2, 2, 2, 0, 1, 1, 3.0, 0)


def test_a_chain_is_followed_from_end_to_end():
    result = audit(
        (0, A, sent(b"1")),
        (1_000, A, sent(b"2")),
        (2_000, B, sent(b"2")),
        (3_000, B, sent(b"3")),
        (9_000, C, sent(b"4")),
    )

    assert (result.pairs, result.breaking_pairs) == (5, 4)
    assert (result.most_ids_joined, result.longest_followed_s) == (3, 3.0)


def test_an_id_without_an_address_breaks_nothing():
    result = audit((1_000, None, sent(b"1")), (4_000, A, sent(b"1")))

    assert result == Linkability(1, 1, 1, 0, 0, 0, 1, 0.0, 1)


def test_the_same_pair_in_another_carrier_is_one_pair():
    uuid = encode_carrier(b"1" * 16 + bytes(4), Carrier.SERVICE_UUID)
    result = audit((1_000, A, sent(b"1")), (4_000, A, uuid))

    assert (result.pairs, result.breaking_pairs) == (1, 0)
    assert result.longest_followed_s == 3.0


def test_schemes_are_judged_each_by_itself():
    heard = [
        (1_000, A, sent(b"1")),
        (2_000, A, bluezone.encode_advertisement(bytes(12))),
    ]

    assert audit(*heard).breaking_pairs == 0
    assert audit(*heard, scheme=bluezone.NAME).pairs == 1


def test_what_no_scheme_sent_is_left_out():
    assert audit((1_000, A, b"\x02\x01\x06"), (1_000, A, b"\x05\x16")) == Linkability(
        0, 0, 0, 0, 0, 0, 0, 0.0, 0
    )
