"""Every key of a service, replaced on an operator's word."""

from proximity.authority.assembly import open_authority
from proximity.authority.keyring import CERTIFICATE, CODE, SPREAD_S
from proximity.authority.publish.signing_keys import ensure_signers
from proximity.authority.rotation import rotate_all, rotate_people


def test_exports_are_signed_by_both_keys_and_secrets_are_new(authority):
    before = {kind: authority.keyring.current(kind).kid for kind in (CODE, CERTIFICATE)}

    keys = rotate_all(authority.directory)

    assert [each.verification_key.key_version for each in keys] == ["v1", "v2"]
    signers = ensure_signers(
        authority.directory,
        "VN",
        now_s=authority.now_s,
        passphrase=authority.passphrase,
    )
    assert [signer.key_version for signer in signers] == ["v1", "v2"]
    opened = open_authority(authority.directory, {})
    # The other processes have two minutes, those who verify certificates an hour.
    assert opened.keyring.current(CODE).kid == before[CODE]
    later = {"PROXIMITY_NOW": str(opened.now_s + SPREAD_S)}
    spread = open_authority(authority.directory, later)
    assert spread.keyring.current(CODE).kid != before[CODE]
    assert opened.keyring.current(CERTIFICATE).kid == before[CERTIFICATE]
    assert len(opened.keyring.public_keys(CERTIFICATE)) == 2
    for each in (opened, spread):
        each.engine.dispose()


def test_persons_get_new_keys_by_a_word_of_their_own(authority, add_person):
    add_person(name="Lê An")
    looked = []

    done = rotate_people(authority.directory, lambda *at: looked.append(at))

    assert (done.master, done.people) == (2, 1)
    assert looked == [(1, 1)]
    # Keys of exports stay.
    assert rotate_all(authority.directory)[-1].verification_key.key_version == "v2"
