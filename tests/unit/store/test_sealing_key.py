import stat

import pytest

from proximity.errors import LockedError, StoreError
from proximity.store.sealing_key import KEY_FILE, load_sealing_key, remove_sealing_key


class MemoryKeyring:
    """Keeps secrets in memory; with `works` unset, keeps none."""

    def __init__(self, *, works=True):
        self.works = works
        self.secrets = {}

    def get(self, account):
        return self.secrets.get(account) if self.works else None

    def put(self, account, secret):
        if self.works:
            self.secrets[account] = secret
        return self.works

    def remove(self, account):
        self.secrets.pop(account, None)
        return self.works


def test_the_keyring_keeps_the_key_and_nothing_is_said(store, tmp_path):
    keyring = MemoryKeyring()

    first, notice = load_sealing_key(store, tmp_path, keyring)
    again, _ = load_sealing_key(store, tmp_path, keyring)

    assert notice is None
    assert len(keyring.secrets) == 1
    assert not (tmp_path / KEY_FILE).exists()
    assert again.open(first.seal(b"x", "t", b""), "t", b"") == b"x"


def test_without_a_keyring_a_private_file_keeps_the_key_and_it_is_said(store, tmp_path):
    keyring = MemoryKeyring(works=False)

    first, notice = load_sealing_key(store, tmp_path, keyring)
    again, notice_again = load_sealing_key(store, tmp_path, keyring)

    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert KEY_FILE in notice
    assert notice_again == notice
    assert again.open(first.seal(b"x", "t", b""), "t", b"") == b"x"


def test_a_key_file_that_others_may_read_is_refused(store, tmp_path):
    load_sealing_key(store, tmp_path, MemoryKeyring(works=False))
    (tmp_path / KEY_FILE).chmod(0o644)

    with pytest.raises(LockedError) as caught:
        load_sealing_key(store, tmp_path, MemoryKeyring(works=False))
    assert "chmod 600" in caught.value.hint


def test_a_key_that_is_gone_is_never_replaced_in_silence(store, tmp_path):
    load_sealing_key(store, tmp_path, MemoryKeyring())

    with pytest.raises(LockedError, match="not available"):
        load_sealing_key(store, tmp_path, MemoryKeyring())
    with pytest.raises(LockedError, match="not available"):
        load_sealing_key(store, tmp_path, MemoryKeyring(works=False))


def test_a_key_of_another_store_is_refused(store, tmp_path):
    load_sealing_key(store, tmp_path, MemoryKeyring(works=False))
    (tmp_path / KEY_FILE).write_bytes(bytes(32))

    with pytest.raises(StoreError, match="does not open"):
        load_sealing_key(store, tmp_path, MemoryKeyring(works=False))


def test_a_damaged_key_is_named(store, tmp_path):
    keyring = MemoryKeyring()
    load_sealing_key(store, tmp_path, keyring)
    for account in keyring.secrets:
        keyring.secrets[account] = b"short"

    with pytest.raises(StoreError, match="damaged"):
        load_sealing_key(store, tmp_path, keyring)


def test_a_key_file_that_is_a_link_is_refused(store, tmp_path):
    load_sealing_key(store, tmp_path, MemoryKeyring(works=False))
    (tmp_path / KEY_FILE).rename(tmp_path / "elsewhere")
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(LockedError):
        load_sealing_key(store, tmp_path, MemoryKeyring(works=False))


def test_a_kill_while_the_key_is_written_leaves_no_half_of_it(
    store, tmp_path, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("os.fdopen", killed)
        with pytest.raises(KeyboardInterrupt):
            load_sealing_key(store, tmp_path, MemoryKeyring(works=False))

    load_sealing_key(store, tmp_path, MemoryKeyring(works=False))
    assert len((tmp_path / KEY_FILE).read_bytes()) == 32
    assert len(list(tmp_path.glob("sealing*"))) == 1


def test_a_folder_that_takes_no_key_is_named(store, tmp_path):
    with pytest.raises(StoreError, match="cannot be stored"):
        load_sealing_key(store, tmp_path / "missing", MemoryKeyring(works=False))


@pytest.mark.parametrize("works", [True, False])
def test_after_removal_a_new_key_is_made(store, tmp_path, works):
    keyring = MemoryKeyring(works=works)
    first, _ = load_sealing_key(store, tmp_path, keyring)
    sealed = first.seal(b"x", "t", b"")

    removed = remove_sealing_key(store, tmp_path, keyring)

    assert removed
    assert not keyring.secrets
    assert not (tmp_path / KEY_FILE).exists()
    fresh, _ = load_sealing_key(store, tmp_path, keyring)
    with pytest.raises(StoreError):
        fresh.open(sealed, "t", b"")


def test_removal_says_when_the_keyring_does_not_answer(store, tmp_path):
    keyring = MemoryKeyring()
    load_sealing_key(store, tmp_path, keyring)
    keyring.works = False

    assert not remove_sealing_key(store, tmp_path, keyring)
