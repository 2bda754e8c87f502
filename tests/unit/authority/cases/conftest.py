"""Cases in a real database, made by one line."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
from console_world import Browser, Person, World, add_person, add_units
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, event

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.officers import load_officer
from proximity.authority.assembly import Authority, open_authority
from proximity.authority.cases import model
from proximity.authority.cases.intake import Intake, take_package
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Changed, Scope, change_case, create_case
from proximity.authority.cases.tokens import Ask, issue_token, open_token
from proximity.authority.database import open_database, reading, upgrade
from proximity.authority.keyring import Keyring
from proximity.authority.people.key_store import KeyStore
from proximity.authority.people.vault import Vault
from proximity.authority.service.app import ServiceApp
from proximity.authority.settings import Settings
from proximity.protocol.gaen import (
    TemporaryExposureKey,
    derive_ephemeral_ids,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.sharing import (
    Address,
    CasePackage,
    ContactPackage,
    HeardRow,
    HeardTag,
    SentId,
    sign_package,
    tag_id,
)
from proximity.scoring.config import built_in

SCOPE = Scope("officer@example.org")


@pytest.fixture
def policy() -> TracingPolicy:
    return TracingPolicy()


@pytest.fixture
def scope() -> Scope:
    return SCOPE


@pytest.fixture(scope="session")
def cases_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Return one database for all tests of cases: what they write is rolled back."""
    engine = open_database(Settings(), tmp_path_factory.mktemp("cases"))
    upgrade(engine)
    yield engine
    engine.dispose()


class Unsealed:
    """A passphrase that seals nothing."""

    def seal(self, data: bytes, name: str) -> bytes:
        return data

    def unseal(self, sealed: bytes, name: str) -> bytes:
        return sealed


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """Return one vault for all tests: each has keys of its own tokens."""
    directory = tmp_path_factory.mktemp("vault")
    vault = Vault(directory, Unsealed(), KeyStore("", directory), os.urandom)
    vault.ensure_master()
    yield vault
    vault.key_store.close()


@pytest.fixture
def authority(cases_engine: Engine, tmp_path, clock, vault) -> Authority:
    """Return an authority with a database, a vault and a clock."""
    return Authority(
        directory=tmp_path,
        settings=Settings(),
        engine=cases_engine,
        keyring=None,
        vault=vault,
        messenger=None,
        clock=clock,
        entropy=os.urandom,
        passphrase=b"",
    )


@pytest.fixture
def connection(cases_engine: Engine) -> Iterator[Connection]:
    with cases_engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.fixture
def new_case(authority, policy) -> Callable[..., str]:
    """Return what records a case and tells its reference."""

    def make(connection: Connection, classification: str = "F0", **fields) -> str:
        given = {"unit": "02653", "classification": classification} | fields
        return create_case(
            connection,
            SCOPE,
            given,
            policy=policy,
            now_s=authority.now_s,
            entropy=authority.entropy,
        )

    return make


@pytest.fixture
def count_statements(authority) -> Callable[..., list[str]]:
    """Return what lists the statements that a piece of work makes."""

    def count(work: Callable[[], object]) -> list[str]:
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            seen.append(statement)

        event.listen(authority.engine, "before_cursor_execute", note)
        try:
            work()
        finally:
            event.remove(authority.engine, "before_cursor_execute", note)
        return [s for s in seen if s.lstrip().upper().startswith("SELECT")]

    return count


@dataclass
class Meeting:
    """A case and a contact of one evening, and what their devices would share."""

    connection: Connection
    now_s: int
    day: int
    case: str
    contact: str
    case_key: bytes = b"\x01" * 16
    contact_key: bytes = b"\x02" * 16
    minutes: int = 30

    @property
    def begin_s(self) -> int:
        return self.day * 86_400 + 36_000

    def key(self, key: bytes, day: int | None = None) -> TemporaryExposureKey:
        return TemporaryExposureKey(key, (self.day if day is None else day) * 144)

    def sent_by(self, key: bytes) -> list[SentId]:
        ids = derive_ephemeral_ids(key, self.day * 144)
        return [
            SentId(
                ids[60 + n].tobytes(),
                self.begin_s + 600 * n,
                self.begin_s + 600 * (n + 1),
            )
            for n in range((self.minutes + 9) // 10)
        ]

    def case_package(self, address: Address, salt: bytes, *, deaf: bool = False):
        """Return what the case shares; a deaf one has heard somebody else."""
        of = b"\x09" * 16 if deaf else self.contact_key
        heard = [
            HeardTag(tag_id(salt, s.ephemeral_id), s.from_s + 5, s.to_s - 5, 10)
            for s in self.sent_by(of)
        ]
        return CasePackage(address, (self.key(self.case_key),), tuple(heard))

    def contact_package(self, address: Address, **changes) -> ContactPackage:
        rows = []
        for sent in self.sent_by(self.case_key):
            metadata = encrypt_metadata(
                self.case_key, sent.ephemeral_id, encode_metadata(-20)
            )
            times = tuple(range(sent.from_s + 5, sent.to_s, 60))
            rows.append(
                HeardRow(sent.ephemeral_id, metadata, times, (-60,) * len(times))
            )
        package = ContactPackage(
            address,
            tuple(rows),
            tuple((t * 1_000, t * 1_000 + 4_000) for r in rows for t in r.t_s),
            tuple(self.sent_by(self.contact_key)),
        )
        return replace(package, **changes)


DEVICE = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)


def device_key() -> bytes:
    return DEVICE.public_key().public_bytes_raw()


class Desk:
    """Issues and opens tokens, and takes packages, as the API does."""

    def __init__(self, authority, connection: Connection) -> None:
        self.authority = authority
        self.connection = connection
        self.policy = TracingPolicy()
        # By revision token, what it proves.
        self.uploaded = {"": frozenset()}

    def issue(self, ref: str, **ask):
        return issue_token(
            self.connection,
            SCOPE,
            Ask(ref, **ask),
            policy=self.policy,
            now_s=self.authority.now_s,
            entropy=self.authority.entropy,
        ).token

    def open(self, token: str, public_key: bytes | None = None):
        return open_token(
            self.connection,
            token,
            public_key or device_key(),
            now_s=self.authority.now_s,
        )

    def address(self, opened) -> Address:
        return Address(
            self.authority.settings.health_authority_id, opened.case, opened.nonce
        )

    def take(self, token: str, package, key: Ed25519PrivateKey = DEVICE):
        data = package if isinstance(package, bytes) else sign_package(package, key)
        intake = Intake(
            self.authority.settings.health_authority_id,
            self.policy,
            built_in(self.policy.rule),
            self.authority.vault,
            self.uploaded.__getitem__,
            self.authority.now_s,
        )
        return take_package(self.connection, token, data, intake)

    def share_case(self, meeting: Meeting, **options):
        token = self.issue(meeting.case)
        opened = self.open(token)
        package = meeting.case_package(self.address(opened), opened.salt, **options)
        return self.take(token, package)

    def share_contact(self, meeting: Meeting, ref: str | None = None, **changes):
        recursive = bool(changes.get("recursive"))
        ref = ref or meeting.contact
        token = self.issue(ref, source=meeting.case, recursive=recursive)
        opened = self.open(token)
        package = meeting.contact_package(self.address(opened), **changes)
        return self.take(token, package)


@pytest.fixture
def desk(authority, connection) -> Desk:
    return Desk(authority, connection)


@pytest.fixture
def meeting(authority, connection, new_case) -> Meeting:
    """Return an evening three days ago, on the day of the case's onset."""
    day = authority.now_s // 86_400 - 3
    return Meeting(
        connection,
        authority.now_s,
        day,
        new_case(connection, onset_day=day),
        new_case(connection, "F1", origin="bluetooth"),
    )


class Console:
    """An authority with units, whose console is asked by several tests in turn."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.world = World(authority, add_units(authority))
        self.app = ServiceApp(authority, {})
        self.people: dict[tuple[Role, str], Person] = {}

    def someone(self, role: Role, unit: str = "root") -> SimpleNamespace:
        """Return an officer with a browser; one for each role and unit."""
        if (role, unit) not in self.people:
            made = add_person(self.world, role, self.world.units[unit])
            self.people[role, unit] = made
        person = self.people[role, unit]
        with reading(self.authority.engine) as connection:
            officer = load_officer(connection, person.id)
        return SimpleNamespace(officer=officer, browser=Browser(self.app, person.token))


@pytest.fixture(scope="session")
def console(
    founded_once, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    directory = tmp_path_factory.mktemp("console") / "authority"
    shutil.copytree(founded_once[0], directory)
    opened = open_authority(directory, {})
    now_s = 20_600 * 86_400 + 43_200
    keyring = Keyring(opened.engine, opened.passphrase, lambda: now_s)
    yield Console(replace(opened, clock=lambda: now_s, keyring=keyring))
    opened.engine.dispose()


@pytest.fixture
def console_authority(console: Console) -> Iterator[Authority]:
    """Return the authority of the console; what a test wrote of cases is gone after."""
    yield console.authority
    with console.authority.engine.begin() as connection:
        for table in (model.cases, model.case_events, model.edges, model.transfers):
            connection.execute(table.delete())


@pytest.fixture
def someone(console: Console, console_authority) -> Callable[..., SimpleNamespace]:
    """Return a maker of officers by role and unit, on the console that is shared."""
    return console.someone


@pytest.fixture
def change(connection, scope, policy, authority):
    def put(ref, *, version=None, by=scope, **fields):
        return change_case(
            connection,
            by,
            ref,
            Changed(fields, version),
            policy=policy,
            now_s=authority.now_s,
        )

    return put
