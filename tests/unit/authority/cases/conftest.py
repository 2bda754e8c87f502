"""Cases in a real database, made by one line."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, event

from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case

SCOPE = Scope("officer@example.org")


@pytest.fixture
def policy() -> TracingPolicy:
    return TracingPolicy()


@pytest.fixture
def scope() -> Scope:
    return SCOPE


@pytest.fixture
def connection(authority) -> Iterator[Connection]:
    with authority.engine.begin() as connection:
        yield connection


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
