import pytest

from proximity.errors import StoreError
from proximity.store.sealing import SealingKey


def test_what_was_sealed_opens_in_its_row(sealing):
    sealed = sealing.seal(b"secret", "own_keys", b"7")

    assert sealing.open(sealed, "own_keys", b"7") == b"secret"
    assert b"secret" not in sealed


def test_sealing_twice_gives_different_bytes(sealing):
    assert sealing.seal(b"x", "t", b"") != sealing.seal(b"x", "t", b"")


@pytest.mark.parametrize(("table", "row"), [("own_keys", b"8"), ("decisions", b"7")])
def test_what_was_moved_to_another_row_does_not_open(sealing, table, row):
    sealed = sealing.seal(b"secret", "own_keys", b"7")

    with pytest.raises(StoreError):
        sealing.open(sealed, table, row)


def test_another_key_does_not_open_and_the_hint_says_what_to_do(sealing):
    sealed = sealing.seal(b"secret", "t", b"")

    with pytest.raises(StoreError) as caught:
        SealingKey(bytes(32)).open(sealed, "t", b"")
    assert "proximity forget --all" in caught.value.hint


@pytest.mark.parametrize("kept", [0, 5, 12, 27, 33])
def test_garbled_or_truncated_bytes_do_not_open(sealing, kept):
    sealed = sealing.seal(b"secret", "t", b"")

    with pytest.raises(StoreError):
        sealing.open(sealed[:kept], "t", b"")
    with pytest.raises(StoreError):
        sealing.open(sealed[:kept] + bytes(40), "t", b"")


def test_a_tag_finds_a_value_again_but_not_in_another_store(sealing):
    assert sealing.tag(b"value", "t") == sealing.tag(b"value", "t")
    assert sealing.tag(b"value", "t") != sealing.tag(b"value", "u")
    assert sealing.tag(b"value", "t") != SealingKey(bytes(32)).tag(b"value", "t")


def test_a_key_is_shy(sealing):
    assert repr(sealing) == "<SealingKey 32 bytes>"


def test_a_key_of_another_length_is_a_mistake():
    with pytest.raises(ValueError, match="32 bytes"):
        SealingKey(bytes(16))
